"""Evaluators of trials: heads trained side by side on cached features, or a whole run for each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from optuna.trial import Trial

from binrecon.config.schema import TrainConfig
from binrecon.sweep.outcome import Outcome

Report = Callable[[Trial, int, Mapping[str, float]], bool]
"""Called with a trial, an epoch counted from 1 and its metrics; returns whether to prune the trial."""


class Task(NamedTuple):
    """A trial to run."""

    trial: Trial
    config: TrainConfig
    words: Sequence[str]
    """Overrides of `train` that compose the configuration."""


class Evaluator(Protocol):
    """Runs trials."""

    at_once: int
    """Number of trials that run side by side."""

    def prepare(self, check: Callable[[str], None]) -> None:
        """Scan and check the bins, then compute and store what the trials share.

        Args:
            check: Called with the manifest's hash; raises if the study has other bins.
        """

    def run(self, tasks: Sequence[Task], report: Report) -> Iterator[tuple[Trial, Outcome]]:
        """Run trials and yield the outcome of each.

        Args:
            tasks: At most `at_once`.
            report: Called after every epoch.
        """
