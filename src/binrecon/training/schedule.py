"""The learning rate of each step of a run, phase by phase."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from binrecon.config.schema import Phase, ScheduleConfig
from binrecon.training.phases import phase_at


def build_schedule(
    config: ScheduleConfig, optimizer: Optimizer, lr: float, steps_per_epoch: int, phases: Sequence[Phase]
) -> LambdaLR | None:
    """Build the learning-rate schedule of a run, stepped once per batch.

    Args:
        config: Of one of the schedules.
        optimizer: What `build_optimizer` made.
        lr: Its learning rate at the start.
        steps_per_epoch: Steps in an epoch.
        phases: Of the run; with each that begins anew the schedule starts over, from that phase's rate.

    Returns:
        The schedule, or None for a constant rate.
    """
    if config.is_constant and {phase.lr for phase in phases} == {lr}:
        return None
    return LambdaLR(optimizer, partial(_factor_at, config, lr, steps_per_epoch, _join_phases(phases)))


def _factor_at(
    config: ScheduleConfig, lr: float, steps_per_epoch: int, joined: Sequence[Phase], step: int
) -> float:
    phase = phase_at(joined, step // steps_per_epoch)
    since, all_steps = step - phase.first_epoch * steps_per_epoch, phase.epochs * steps_per_epoch
    return phase.lr / lr * config.compute_factor(since, steps_per_epoch, all_steps, phase.lr)


def _join_phases(phases: Iterable[Phase]) -> list[Phase]:
    """Join each phase to the one before it, unless it begins anew."""
    joined: list[Phase] = []
    for phase in phases:
        if joined and not phase.begins_anew:
            last = joined.pop()
            phase = replace(last, epochs=last.epochs + phase.epochs)
        joined.append(phase)
    return joined
