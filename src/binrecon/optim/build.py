"""Optimizers of what is trained: parameters in groups, by learning rate and weight decay."""

from collections.abc import Iterator, Mapping, Sequence

from torch import nn
from torch.optim import Optimizer

from binrecon.config.schema import OptimizerConfig
from binrecon.errors import ConfigError
from binrecon.models.backbone import Backbone


def build_optimizer(
    config: OptimizerConfig,
    parameters: Mapping[float, Sequence[nn.Parameter]],
    is_fused: bool = False,
) -> Optimizer:
    """Build the optimizer of the trained parameters.

    Args:
        config: Of one of the optimizers.
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
    return config.build(groups, is_fused)


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
