"""Files and folders of a study."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """Files and folders of a study."""

    folder: Path

    @property
    def journal(self) -> Path:
        """Journal of the trials, if no database stores them."""
        return self.folder / "study.journal"

    @property
    def trials(self) -> Path:
        """A folder for each trial that is a run."""
        return self.folder / "trials"

    @property
    def finals(self) -> Path:
        """A folder for each seed of the winner."""
        return self.folder / "final"

    @property
    def prepared(self) -> Path:
        """Folder of the files that all trials share."""
        return self.folder / "prepared"

    @property
    def trained(self) -> Path:
        """Trained batches of heads, until the study has stored them."""
        return self.prepared / "trained"

    @property
    def turn(self) -> Path:
        """Lock held by the worker that trains the winner; empty."""
        return self.folder / ".turn"

    @property
    def recipe(self) -> Path:
        """The winner, as `python train.py experiment=PATH` reads it."""
        return self.folder / "best.yaml"

    @property
    def table(self) -> Path:
        """Table with a row for each trial."""
        return self.folder / "trials.csv"

    @property
    def report(self) -> Path:
        """Report of the study."""
        return self.folder / "report.md"

    @property
    def plots(self) -> Path:
        """Folder of the study's plots."""
        return self.folder / "plots"


@contextmanager
def taking_turns(path: Path, wait: Callable[[], None]) -> Iterator[None]:
    """Hold a lock that one process of this machine holds at a time; the kernel frees it at its death.

    Args:
        path: An empty file, the same for all; made if there is none.
        wait: Called once before waiting for another process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
