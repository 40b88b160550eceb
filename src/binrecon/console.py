"""Progress display with rate and time left, or lines without a terminal."""

import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, Self, TypeVar

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.text import Text

from binrecon.escaping import escape_controls

T = TypeVar("T")

LINE_EVERY_S = 10.0
"""Without a terminal, a long piece of work prints one line this often, in seconds."""


def get_console(width: int | None = None) -> Console:
    """Return a console on the current standard output, with its width or the given one.

    Brackets are shown as they are: names and paths hold them.
    """
    return _EscapingConsole(soft_wrap=True, width=width, markup=False)


class _EscapingConsole(Console):
    """A console that shows ids, names and paths of any bytes, and lets none of them command the terminal."""

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401  # as rich has them
        """Render text as usual, with escapes as wide as they are shown."""
        return super().render_str(escape_controls(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as usual, with control characters that come from outside as escapes."""
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else escape_controls(segment.text)
            yield segment if text is segment.text else segment._replace(text=text)


class RateColumn(ProgressColumn):
    """Work done per second, in the unit that the task names."""

    def render(self, task: Task) -> Text:
        """Show for instance `41.2 bins/s`."""
        rate = task.finished_speed or task.speed
        return Text("" if rate is None else f"{rate:.1f} {task.fields.get('unit', '')}/s")


def build_progress(console: Console) -> Progress:
    """Build the progress display that every long piece of work shares."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TextColumn("eta"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    )


class ProgressMeter:
    """Shows progress, rate and time left; without a terminal, in a line every few seconds.

    Safe to advance from any thread.

    Args:
        description: What is being done, for instance `checking photos`.
        total: How many there are; None if nobody knows yet.
        unit: What is counted, in the plural: `bins`.
        is_quiet: Whether to show nothing, as the second of several processes does not.
    """

    def __init__(self, description: str, total: int | None, unit: str, is_quiet: bool = False) -> None:
        self._description = description
        self._total = total
        self._unit = unit
        self._is_quiet = is_quiet
        self._console = get_console()
        self._lock = threading.Lock()
        self._done = 0
        self._note = ""
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        self._started = self._last_line = time.monotonic()
        if self._console.is_terminal and not self._is_quiet:
            self._progress = build_progress(self._console)
            self._task = self._progress.add_task(
                self._description, total=self._total, unit=self._unit, note=""
            )
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()
        elif time.monotonic() - self._started >= LINE_EVERY_S:
            self._print_line()

    def advance(self, count: int = 1) -> None:
        """Count more work as done."""
        with self._lock:
            self._show(self._done + count)

    def update(self, done: int, note: str) -> None:
        """Set how much is done, and what else to show beside it."""
        with self._lock:
            self._note = note
            self._show(done)

    def _show(self, done: int) -> None:
        self._done = done
        if self._progress is not None:
            self._progress.update(self._task, completed=done, note=self._note)
        elif time.monotonic() - self._last_line >= LINE_EVERY_S:
            self._print_line()

    def _print_line(self) -> None:
        if self._is_quiet:
            return
        self._last_line = time.monotonic()
        rate = self._done / max(self._last_line - self._started, 1e-9)
        parts = [f"{self._done}{'' if self._total is None else f'/{self._total}'} {self._unit}"]
        parts.append(f"{rate:.1f} {self._unit}/s")
        if self._total is not None and rate > 0:
            parts.append(f"eta {(self._total - self._done) / rate:.0f} s")
        self._console.print(f"{self._description}: {', '.join([*parts, *filter(None, [self._note])])}")


def track(work: Iterable[T], description: str, total: int, unit: str) -> Iterator[T]:
    """Yield from `work` while showing progress; see `ProgressMeter`."""
    with ProgressMeter(description, total, unit) as meter:
        for item in work:
            yield item
            meter.advance()
