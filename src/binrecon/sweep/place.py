"""Where a study leaves its files."""

from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """Where a study leaves its files."""

    folder: Path

    @property
    def journal(self) -> Path:
        """The trials, where no database keeps them."""
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
        """What trials share."""
        return self.folder / "prepared"

    @property
    def recipe(self) -> Path:
        """The winner, as `python train.py experiment=PATH` takes it."""
        return self.folder / "best.yaml"

    @property
    def table(self) -> Path:
        """Every trial in a row."""
        return self.folder / "trials.csv"

    @property
    def report(self) -> Path:
        """What came of the study, to read."""
        return self.folder / "report.md"

    @property
    def plots(self) -> Path:
        """What came of it, to look at."""
        return self.folder / "plots"
