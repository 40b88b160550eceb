"""A rate that falls every few epochs."""

from dataclasses import dataclass

from binrecon.config.options import option
from binrecon.config.schema import ScheduleConfig


@dataclass
class StepConfig(ScheduleConfig):
    """The learning rate falls by a factor every few epochs; by default divided by 10 every 10 epochs."""

    name: str = "step"
    step_epochs: int = option(10, at_least=1, at_most=1_000_000)
    """Epochs between two falls of the learning rate."""
    step_factor: float = option(0.1, above=0)
    """Factor of the learning rate at each fall."""

    def factor_after_warmup(self, step: int, steps_per_epoch: int, all_steps: int, lr: float) -> float:
        """Return the product of the falls so far."""
        return self.step_factor ** (step // (self.step_epochs * steps_per_epoch))
