"""Options and methods of every learning-rate schedule; the schedules themselves are in `optim/schedules/`."""

from dataclasses import dataclass
from typing import ClassVar

from binrecon.config.options import MISSING, option


@dataclass
class ScheduleConfig:
    """The learning rate over the steps of a training."""

    name: str = MISSING
    """Name of the schedule; set by the group option, not by hand."""
    warmup_epochs: float = option(0.0, at_least=0, at_most=1_000_000)
    """Epochs in which the rate rises to `optimizer.lr` first, in a straight line; the schedule follows."""

    depends_on_length: ClassVar[bool] = False
    """True if the rate of a step depends on the number of all steps."""

    @property
    def bound_to_length(self) -> str | None:
        """The setting that spreads the schedule over the whole training, as `key=value`.

        None if the learning rate of an epoch is the same however many epochs follow.
        """
        return f"schedule={self.name}" if self.depends_on_length else None

    @property
    def is_constant(self) -> bool:
        """True if the rate never changes."""
        return False

    def compute_factor(self, step: int, steps_per_epoch: int, all_steps: int, lr: float) -> float:
        """Return what the learning rate has become of the one that is asked for.

        Args:
            step: Steps since the start.
            steps_per_epoch: Steps in an epoch.
            all_steps: Steps from start to end.
            lr: The learning rate that is asked for.
        """
        warmup = round(self.warmup_epochs * steps_per_epoch)
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return self.factor_after_warmup(step - warmup, steps_per_epoch, all_steps - warmup, lr)

    def factor_after_warmup(self, step: int, steps_per_epoch: int, all_steps: int, lr: float) -> float:
        """Return the same from the end of the warmup on, with steps counted from there."""
        raise NotImplementedError
