"""What a person sees while binrecon works: progress with rate and time left, or lines without a terminal."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
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
from rich.text import Text

T = TypeVar("T")

LINE_EVERY_S = 10.0
"""Without a terminal, a long piece of work prints one line this often, in seconds."""


def get_console() -> Console:
    """Return a console on the standard output of this moment."""
    return Console(soft_wrap=True)


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


def track(work: Iterable[T], description: str, total: int, unit: str) -> Iterator[T]:
    """Yield from `work` while showing how far it is, how fast it goes and when it ends.

    Args:
        work: What to go through.
        description: What is being done, for instance `checking photos`.
        total: How many there are.
        unit: What is counted, in the plural: `bins`.
    """
    console = get_console()
    if console.is_terminal:
        with build_progress(console) as progress:
            task = progress.add_task(description, total=total, unit=unit, note="")
            for item in work:
                yield item
                progress.advance(task)
        return
    started = last_line = time.monotonic()
    for done, item in enumerate(work, start=1):
        yield item
        now = time.monotonic()
        if now - last_line >= LINE_EVERY_S or (done == total and now - started >= LINE_EVERY_S):
            rate = done / (now - started)
            eta_s = (total - done) / rate
            console.print(f"{description}: {done}/{total} {unit}, {rate:.1f} {unit}/s, eta {eta_s:.0f} s")
            last_line = now
