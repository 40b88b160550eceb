"""Evaluators of trials: heads trained side by side on cached features, or a whole run for each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from optuna.trial import Trial

from binrecon.config.schema import TrainConfig
from binrecon.sweep.outcome import Outcome

Report = Callable[[Trial, int, Mapping[str, float]], bool]
"""From a trial, an epoch counted from 1 and its metrics to whether the trial is hopeless."""


class Task(NamedTuple):
    """A trial to run."""

    trial: Trial
    config: TrainConfig
    words: Sequence[str]
    """The words of `train` that make the configuration."""


class Evaluator(Protocol):
    """Runs trials."""

    at_once: int
    """Number of trials that run side by side."""

    def prepare(self, check: Callable[[str], None]) -> None:
        """Look at the bins, check them, then keep and compute what trials share.

        Args:
            check: Is given the hash of the manifest, and raises where the study has other bins.
        """

    def run(self, tasks: Sequence[Task], report: Report) -> Iterator[tuple[Trial, Outcome]]:
        """Run trials and yield what came of each.

        Args:
            tasks: At most `at_once`.
            report: Told of every epoch.
        """
