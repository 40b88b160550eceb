"""A rate that falls and starts over, in ever longer cycles."""

import math
from dataclasses import dataclass

from binrecon.config.options import option
from binrecon.config.schema import ScheduleConfig


@dataclass
class WarmRestartsConfig(ScheduleConfig):
    """Cosine cycles, each longer than the one before: Loshchilov & Hutter 2017, arXiv:1608.03983.

    Stanford CS229 2018, ResNet-34: cycles of 1 + 2 + 4 epochs (`fit(lr, 3, cycle_len=1, cycle_mult=2)`).
    """

    name: str = "warm_restarts"
    first_cycle_epochs: int = option(1, at_least=1, at_most=1_000_000)
    """Length of the first cycle, in epochs."""
    cycle_mult: int = option(2, at_least=1, at_most=1_000)
    """Length of each cycle, as a multiple of the one before."""
    min_lr: float = option(0.0, at_least=0)
    """Learning rate at the end of each cycle."""

    def factor_after_warmup(self, step: int, steps_per_epoch: int, all_steps: int, lr: float) -> float:
        """Return the factor of equation 5.

        Within a cycle of T batches the rate after t of them is
        `min_lr + (lr - min_lr)(1 + cos(pi t/T))/2`, and each cycle is `cycle_mult` times longer than the one
        before.
        """
        cycle, since = self.first_cycle_epochs * steps_per_epoch, step
        while since >= cycle:
            since -= cycle
            cycle *= self.cycle_mult
        return (self.min_lr + (lr - self.min_lr) * (1 + math.cos(math.pi * since / cycle)) / 2) / lr
