"""One head on its way: how it is trained, and what has come of it so far."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor, nn

from binrecon.config.metric_names import Mode
from binrecon.config.schema import HeadConfig, LossConfig, OptimizerConfig, ScheduleConfig
from binrecon.models.heads.build import build_head, init_bias_from_prior
from binrecon.optim.build import build_optimizer
from binrecon.training.phases import head_phase
from binrecon.training.schedule import build_schedule


@dataclass(frozen=True)
class HeadTrial:
    """The settings of one head's training."""

    head: HeadConfig
    loss: LossConfig
    optimizer: OptimizerConfig
    schedule: ScheduleConfig
    seed: int
    """Seed of the head's first weights, the order of photos and their flips, and of dropout."""


@dataclass
class TrainedHead:
    """The result of a trial."""

    history: list[dict[str, float]] = field(default_factory=list)
    """A row for each whole epoch, as `EpochHistory` has them: `epoch`, `lr`, all metrics."""
    best_epoch: int | None = None
    """First epoch with the best value of the monitor, counted from 1; None if none came to its end."""
    best_state: dict[str, Tensor] | None = None
    """The head's state after that epoch."""
    status: Literal["training", "finished", "stopped", "failed"] = "training"
    reason: str | None = None
    """Reason why it was stopped or failed."""


class Learner:
    """A head with its optimizer and schedule.

    Args:
        number: Of the trial.
        trial: What to train.
        feature_count: Width F of the features.
        class_shares: What a head that starts at the prior answers first, shape (C,).
        steps_per_epoch: Batches in an epoch.
        max_epochs: Epochs of a whole run.
    """

    def __init__(
        self,
        number: int,
        trial: HeadTrial,
        feature_count: int,
        class_shares: Tensor,
        steps_per_epoch: int,
        max_epochs: int,
    ) -> None:
        self.number = number
        self.trial = trial
        self.head: nn.Module = build_head(trial.head, feature_count, len(class_shares), trial.seed)
        if trial.head.init_bias_from_prior:
            init_bias_from_prior(trial.head, self.head, class_shares)
        self.parameters = list(self.head.parameters())
        self.optimizer = build_optimizer(trial.optimizer, {1.0: self.parameters}, is_fused=True)
        lr = trial.optimizer.lr
        phases = head_phase(max_epochs, lr)
        self.schedule = build_schedule(trial.schedule, self.optimizer, lr, steps_per_epoch, phases)
        self.outcome = TrainedHead()

    @property
    def is_training(self) -> bool:
        """Return whether it was neither stopped nor has it failed or come to its end."""
        return self.outcome.status == "training"

    def step(self) -> None:
        """Follow the gradients, and the schedule."""
        self.optimizer.step()
        for parameter in self.parameters:  # what `zero_grad` does, without a profiler's record for each head
            parameter.grad = None
        if self.schedule is not None:
            self.schedule.step()

    def end_epoch(self, metrics: Mapping[str, float], monitor: str, mode: Mode) -> None:
        """Add an epoch, and keep the head if it never was better.

        Args:
            metrics: Of the epoch, by `<split>/<name>`.
            monitor: The one that decides.
            mode: The direction in which it gets better.
        """
        outcome = self.outcome
        best = None if outcome.best_epoch is None else outcome.history[outcome.best_epoch - 1][monitor]
        lr = float(self.optimizer.param_groups[0]["lr"])
        outcome.history.append({"epoch": len(outcome.history) + 1, "lr": lr, **metrics})
        if best is None or _is_better(metrics[monitor], best, mode):
            outcome.best_epoch = len(outcome.history)
            outcome.best_state = {name: tensor.clone() for name, tensor in self.head.state_dict().items()}

    def end(self, status: Literal["finished", "stopped", "failed"], reason: str | None = None) -> None:
        """Say what came of it."""
        self.outcome.status, self.outcome.reason = status, reason


def _is_better(value: float, best: float, mode: Mode) -> bool:
    """Compare as Lightning's `ModelCheckpoint` does: equal is no better, and NaN is worse than any number.

    >>> _is_better(1.0, 2.0, "min"), _is_better(1.0, 1.0, "min"), _is_better(1.0, float("nan"), "min")
    (True, False, True)
    """
    if math.isnan(value):
        return False
    return math.isnan(best) or (value < best if mode == "min" else value > best)
