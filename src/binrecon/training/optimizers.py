"""The words of `configs/optimizer/` to optimizers with their schedules."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, StepLR

from binrecon.config.schema import AdamConfig, AdamWConfig, OptimizerConfig, SGDConfig, SGDRConfig
from binrecon.errors import ConfigError


def build_optimizer(
    config: OptimizerConfig, parameters: Iterable[nn.Parameter], is_fused: bool = False
) -> Optimizer:
    """Build the optimizer of the trained parameters.

    Args:
        config: One of the optimizer schemas.
        parameters: All parameters of the model; those that are frozen are left out.
        is_fused: Whether a step is one kernel of torch's instead of a dozen: the same but for rounding, and
            cheaper where the parameters are few.

    Raises:
        ConfigError: If none of them is trained.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    if not trained:
        raise ConfigError(["model: every parameter is frozen, so there is nothing to train"])
    match config:
        case SGDConfig() | SGDRConfig():
            return torch.optim.SGD(
                trained,
                lr=config.lr,
                momentum=config.momentum,
                weight_decay=config.weight_decay,
                fused=is_fused or None,
            )
        case AdamConfig() | AdamWConfig():
            kind = torch.optim.Adam if isinstance(config, AdamConfig) else torch.optim.AdamW
            betas = (config.beta1, config.beta2)
            return kind(
                trained,
                lr=config.lr,
                betas=betas,
                weight_decay=config.weight_decay,
                fused=is_fused or None,
            )
    raise TypeError(f"no optimizer is built from {type(config).__name__}")


def build_schedule(
    config: OptimizerConfig, optimizer: Optimizer, steps_per_epoch: int
) -> StepLR | CosineAnnealingWarmRestarts | None:
    """Build the learning-rate schedule that belongs to the optimizer, stepped once per batch.

    `sgd` multiplies the rate by `step_factor` every `step_epochs`. `sgdr` follows Loshchilov & Hutter 2017
    (arXiv:1608.03983, eq. 5): within a cycle of T batches the rate after t of them is
    `min_lr + (lr - min_lr)(1 + cos(pi t/T))/2`,
    and each cycle is `cycle_mult` times longer than the one before. `adam` and `adamw` keep their rate.

    Args:
        config: One of the optimizer schemas.
        optimizer: What `build_optimizer` made of it.
        steps_per_epoch: Batches in an epoch.

    Returns:
        The schedule, or None for a constant rate.
    """
    match config:
        case SGDConfig():
            return StepLR(optimizer, config.step_epochs * steps_per_epoch, config.step_factor)
        case SGDRConfig():
            first_cycle = config.first_cycle_epochs * steps_per_epoch
            return CosineAnnealingWarmRestarts(optimizer, first_cycle, config.cycle_mult, config.min_lr)
    return None
