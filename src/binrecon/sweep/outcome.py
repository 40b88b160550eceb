"""Outcomes of trials: reported during training, at their end, and the best of all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState


@dataclass(frozen=True)
class Outcome:
    """Result of a trial."""

    status: Literal["complete", "pruned", "failed"]
    values: tuple[float | None, ...] = ()
    """Values of the objectives, if it is complete."""
    reason: str | None = None
    """Reason of the failure."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """Plain values to store with the trial: metrics, best epoch, seconds."""


def report_epoch(trial: Trial, objective: str | None, epoch: int, metrics: Mapping[str, float]) -> bool:
    """Report an epoch of a trial to its study.

    Args:
        trial: The trial.
        objective: The metric that decides; None where nothing is pruned.
        epoch: Counted from 1.
        metrics: Of the epoch, by name.

    Returns:
        True if the trial should be pruned.
    """
    if objective is None:
        return False
    trial.report(metrics[objective], epoch)
    return trial.should_prune()


def best_trials(study: Study, trials: Sequence[FrozenTrial] | None = None) -> list[FrozenTrial]:
    """List the Pareto-optimal trials, the best of the first objective first.

    Args:
        study: The study.
        trials: Its counted trials, as results number them; None takes all unchanged.
    """
    sign = -1.0 if study.directions[0].name == "MAXIMIZE" else 1.0
    given = study.get_trials(deepcopy=False) if trials is None else trials
    if len(study.directions) > 1:
        # `number` is public, but `trials` may be renumbered
        front = {trial._trial_id for trial in study.best_trials}
        among = [trial for trial in given if trial._trial_id in front]  # as above
        return sorted(among, key=lambda trial: (sign * trial.values[0], trial.number))
    complete = [trial for trial in given if trial.state == TrialState.COMPLETE]
    return sorted(complete, key=lambda trial: (sign * trial.values[0], trial.number))[:1]
