"""A rate that stays."""

from dataclasses import dataclass

from binrecon.config.schema import ScheduleConfig


@dataclass
class ConstantConfig(ScheduleConfig):
    """The learning rate stays as it is."""

    name: str = "constant"

    @property
    def is_constant(self) -> bool:
        """True if the rate never changes, not even at the start."""
        return self.warmup_epochs == 0

    def factor_after_warmup(self, step: int, steps_per_epoch: int, all_steps: int, lr: float) -> float:
        """Return 1."""
        return 1.0
