"""The interface of a logger that follows a run besides its folder."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from binrecon.training.results import Results


class RunLog:
    """Is told of every epoch and of the results, from its opening before the first to the end of the run.

    This one keeps nothing.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; with an error, as failed."""

    def log_epoch(self, row: Mapping[str, float]) -> None:
        """Take an epoch: `epoch` counted from 1, `lr`, all metrics."""

    def log_results(self, results: Results) -> None:
        """Take what was achieved."""
