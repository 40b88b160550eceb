"""The words of `configs/optimizer/` to optimizers with their schedules."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from binrecon.config.schema import AdamConfig, AdamWConfig, OptimizerConfig, SGDConfig, SGDRConfig
from binrecon.errors import ConfigError
from binrecon.models.backbone import Backbone
from binrecon.training.phases import Phase, phase_at


def build_optimizer(
    config: OptimizerConfig,
    parameters: Mapping[float, Sequence[nn.Parameter]],
    is_fused: bool = False,
) -> Optimizer:
    """Build the optimizer of the trained parameters.

    Args:
        config: One of the optimizer schemas.
        parameters: What is trained, by the factor of the learning rate; one or two groups for each
            factor, the second without weight decay.
        is_fused: Whether a step is one kernel of torch's instead of a dozen: the same but for rounding, and
            cheaper where the parameters are few.

    Raises:
        ConfigError: If there are none.
    """
    groups = [
        {"params": part, "lr": config.lr * factor, "weight_decay": weight_decay}
        for factor, some in parameters.items()
        for part, weight_decay in _split_by_decay(config, some)
        if part
    ]
    if not groups:
        raise ConfigError(["model: every parameter is frozen, so there is nothing to train"])
    match config:
        case SGDConfig() | SGDRConfig():
            return torch.optim.SGD(
                groups,
                lr=config.lr,
                momentum=config.momentum,
                fused=is_fused or None,
            )
        case AdamConfig() | AdamWConfig():
            kind = torch.optim.Adam if isinstance(config, AdamConfig) else torch.optim.AdamW
            betas = (config.beta1, config.beta2)
            return kind(
                groups,
                lr=config.lr,
                betas=betas,
                fused=is_fused or None,
            )
    raise TypeError(f"no optimizer is built from {type(config).__name__}")


def _split_by_decay(
    config: OptimizerConfig, parameters: Sequence[nn.Parameter]
) -> Iterator[tuple[list[nn.Parameter], float]]:
    """Split off what weight decay leaves alone: biases, and the weights of BatchNorm, vectors too."""
    if config.decays_biases:
        yield list(parameters), config.weight_decay
        return
    yield [parameter for parameter in parameters if parameter.ndim > 1], config.weight_decay
    yield [parameter for parameter in parameters if parameter.ndim <= 1], 0.0


def group_parameters(
    backbone: Backbone, head: nn.Module, lr_factors: Sequence[float]
) -> dict[float, list[nn.Parameter]]:
    """Group what is trained in any epoch by the factor of its learning rate; the head's, 1, comes first.

    Args:
        backbone: With what is trained requiring gradients.
        head: Trained as a whole.
        lr_factors: One for each stage of the backbone.
    """
    groups: dict[float, list[nn.Parameter]] = {1.0: []}
    for name, parameter in backbone.net.named_parameters():
        if parameter.requires_grad:
            groups.setdefault(lr_factors[backbone.stages.of_parameter(name)], []).append(parameter)
    groups[1.0] += head.parameters()
    return groups


def build_schedule(
    config: OptimizerConfig, optimizer: Optimizer, steps_per_epoch: int, phases: Sequence[Phase]
) -> LambdaLR | None:
    """Build the learning-rate schedule that belongs to the optimizer, stepped once per batch.

    Args:
        config: One of the optimizer schemas.
        optimizer: What `build_optimizer` made of it.
        steps_per_epoch: Steps in an epoch.
        phases: Of the run; with each that begins anew the schedule starts over, from that phase's rate.

    Returns:
        The schedule, or None for a constant rate.
    """
    is_constant = isinstance(config, AdamConfig | AdamWConfig) and config.schedule == "constant"
    if is_constant and config.warmup_epochs == 0 and {phase.lr for phase in phases} == {config.lr}:  # type: ignore[attr-defined]  # one of the two
        return None
    return LambdaLR(optimizer, partial(_factor_at, config, steps_per_epoch, _join_phases(phases)))


def schedule_factor(
    config: OptimizerConfig, steps: int, steps_per_epoch: int, all_steps: int, lr: float
) -> float:
    """Return what the learning rate has become of the one at the start.

    `sgd` multiplies it by `step_factor` every `step_epochs`. `sgdr` follows Loshchilov & Hutter 2017
    (arXiv:1608.03983, eq. 5): within a cycle of T batches the rate after t of them is
    `min_lr + (lr - min_lr)(1 + cos(pi t/T))/2`,
    and each cycle is `cycle_mult` times longer than the one before. `adam` and `adamw` keep it, or let it
    fall along one such cycle; before that it rises in a straight line for `warmup_epochs`.

    Args:
        config: One of the optimizer schemas.
        steps: Steps since the start.
        steps_per_epoch: Steps in an epoch.
        all_steps: Steps from start to end.
        lr: Learning rate at the start.
    """
    match config:
        case SGDConfig():
            return config.step_factor ** (steps // (config.step_epochs * steps_per_epoch))
        case SGDRConfig():
            cycle, since = config.first_cycle_epochs * steps_per_epoch, steps
            while since >= cycle:
                since -= cycle
                cycle *= config.cycle_mult
            return (config.min_lr + (lr - config.min_lr) * _fall(since / cycle)) / lr
        case AdamConfig() | AdamWConfig():
            warmup = round(config.warmup_epochs * steps_per_epoch)
            if steps < warmup:
                return (steps + 1) / (warmup + 1)
            if config.schedule == "constant":
                return 1.0
            return _fall(min(1.0, (steps - warmup) / max(1, all_steps - warmup)))
    raise TypeError(f"no schedule belongs to {type(config).__name__}")


def _fall(share: float) -> float:
    """Return half a cosine wave from 1 down to 0."""
    return (1 + math.cos(math.pi * share)) / 2


def _factor_at(config: OptimizerConfig, steps_per_epoch: int, joined: Sequence[Phase], step: int) -> float:
    phase = phase_at(joined, step // steps_per_epoch)
    since, all_steps = step - phase.first_epoch * steps_per_epoch, phase.epochs * steps_per_epoch
    factor = schedule_factor(config, since, steps_per_epoch, all_steps, phase.lr)
    return phase.lr / config.lr * factor


def _join_phases(phases: Iterable[Phase]) -> list[Phase]:
    """Join each phase to the one before it, unless it begins anew."""
    joined: list[Phase] = []
    for phase in phases:
        if joined and not phase.begins_anew:
            last = joined.pop()
            phase = replace(last, epochs=last.epochs + phase.epochs)
        joined.append(phase)
    return joined
