"""The training process in a container: started, watched, stopped, and asked why it failed."""

import csv
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from binrecon.cloud.metric_lines import write_epoch, write_result
from binrecon.training.run_folder import RunFolder

STOP_S = 100.0
"""Seconds that a training may take to stop: SageMaker kills the container 120 s after it asks."""

_LAST_LINES_S = 5.0
"""Longest wait for what a training that has ended still says, in seconds."""

_KEPT_LINES = 400
_LOOK_EVERY_S = 0.5
_OF_A_RANK = re.compile(r"^\[[\w-]+\]:? ")
"""Prefix that torch puts before the lines of one of several processes."""

_ERROR = re.compile(r"[\w.]*(Error|Exception|Interrupt|Exit)(:|$)")
_SECOND_HAND = re.compile(
    r"TrainingError: (one of|another process)|torch\.distributed\.elastic|.*ChildFailedError"
)
"""Lines that only report that another process failed."""


def run_watched(command: Sequence[str], environment: Mapping[str, str], folder: RunFolder) -> tuple[int, str]:
    """Run a training, show what it prints, and print each epoch as CloudWatch reads it.

    Args:
        command: What to run.
        environment: Its variables.
        folder: Its run folder, whose history is followed.

    Returns:
        Its exit status, and why it failed: empty if it did not.

    Raises:
        KeyboardInterrupt: After SIGTERM or Ctrl-C, once the training has stopped.
    """
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, errors="replace")  # noqa: S603  # our own words
    reader = threading.Thread(target=_pass_on, args=(process.stderr, lines), daemon=True)
    reader.start()
    history = History(folder.history)
    try:
        while process.poll() is None:
            history.print_new(_say)
            time.sleep(_LOOK_EVERY_S)
    except KeyboardInterrupt:
        _stop(process)
        raise
    finally:
        history.print_new(_say)
    reader.join(_LAST_LINES_S)  # a process that the training left behind may hold its standard error open
    return process.returncode, "" if process.returncode == 0 else find_reason(list(lines), process.returncode)


def _pass_on(stream: IO[str], lines: deque[str]) -> None:
    with stream:
        for line in stream:
            sys.stderr.write(line)
            lines.append(line.rstrip())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _stop(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def find_reason(lines: Sequence[str] | deque[str], status: int) -> str:
    """Find why a process failed among the last lines of its standard error.

    That is its last error with the indented lines below it; of several processes, what the one that failed
    said, and not what the others said of it.

    >>> find_reason(["Traceback (most recent call last):", "  File x", "ValueError: no"], 1)
    'ValueError: no'
    >>> find_reason(["ConfigError: 1 problem in the config", "  seed: must be at least 0, got -1"], 2)
    'ConfigError: 1 problem in the config; seed: must be at least 0, got -1'
    """
    said = [_OF_A_RANK.sub("", line) for line in lines]
    places = [place for place, line in enumerate(said) if _ERROR.match(line)]
    first_hand = [place for place in places if not _SECOND_HAND.match(said[place])]
    if not places:
        return f"the training ended with status {status}; {said[-1] if said else 'it said nothing'}"
    place = (first_hand or places)[-1]
    reason = [said[place].strip()]
    for line in said[place + 1 :]:
        if not line.startswith(" "):
            break
        reason.append(line.strip())
    return "; ".join(reason)


class History:
    """The epochs of a run, each handed on once.

    Args:
        path: The CSV file that the run keeps.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = 0.0
        self.print_new(lambda line: None)  # those of an earlier container

    def print_new(self, say: Callable[[str], None]) -> None:
        """Hand on a line for each epoch that has come since the last time."""
        if not self._path.is_file():
            return
        with self._path.open(newline="") as file:
            for cells in csv.DictReader(file):
                row = {name: float(value) for name, value in cells.items() if value}
                if row["epoch"] > self._last:
                    self._last = row["epoch"]
                    say(write_epoch(row))


def print_result(folder: RunFolder) -> None:
    """Print the results of a run that has ended, as CloudWatch reads them."""
    results = folder.read_results()
    metrics = {
        f"{split}/{name}": value
        for split in ("val", "test")
        for name, value in (results.get(split) or {}).items()
        if value is not None
    }
    _say(write_result(metrics))
