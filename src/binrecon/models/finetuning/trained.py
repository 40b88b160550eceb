"""Options of every regime that trains layers of the backbone."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from binrecon.config.options import MISSING, option
from binrecon.config.schema import RegimeConfig
from binrecon.config.spelling import did_you_mean
from binrecon.errors import ConfigError


@dataclass
class LrGroupConfig:
    """The stages from one to the next group, or to the head."""

    first_stage: str = MISSING
    """First stage of the group: `stem`, `stage1`, …"""
    factor: float = option(above=0)
    """Factor of the learning rate."""


@dataclass
class TrainedRegimeConfig(RegimeConfig):
    """Options of every regime that trains layers of the backbone."""

    lr_groups: list[LrGroupConfig] = field(default_factory=list)
    """Stages with a learning rate of their own, for instance
    [{first_stage: stem, factor: 0.1}, {first_stage: stage3, factor: 0.3}]; the head has optimizer.lr."""

    def lr_factors(self, stages: Sequence[str]) -> list[float]:
        """Return what the learning rate of each stage is multiplied by; 1 before the first group.

        >>> regime = TrainedRegimeConfig(lr_groups=[LrGroupConfig("stage2", 0.5)])
        >>> regime.lr_factors(["stem", "stage1", "stage2"])
        [1.0, 1.0, 0.5]
        """
        of_stage = {group.first_stage: group.factor for group in self.lr_groups}
        current, factors = 1.0, []
        for stage in stages:
            current = of_stage.get(stage, current)
            factors.append(current)
        return factors

    def check_groups(self, stages: Sequence[str]) -> None:
        """Refuse groups that begin at a stage that the backbone does not have."""
        check_stages([group.first_stage for group in self.lr_groups], "regime.lr_groups", stages)


def check_stages(names: Sequence[str], key: str, allowed: Sequence[str]) -> None:
    """Refuse stages that a backbone does not have.

    Args:
        names: Of stages.
        key: That names them.
        allowed: Names of the stages of the backbone.

    Raises:
        ConfigError: With every wrong name.
    """
    unknown = [
        f"{key}: there is no stage '{name}' in this backbone, only {', '.join(allowed)}"
        f"{did_you_mean(name, allowed)}"
        for name in names
        if name not in allowed
    ]
    if unknown:
        raise ConfigError(unknown)
