"""A rate that falls to 0 at the end."""

import math
from dataclasses import dataclass
from typing import ClassVar

from binrecon.config.schema import ScheduleConfig


@dataclass
class CosineConfig(ScheduleConfig):
    """The learning rate falls along half a cosine wave, down to 0 at the end."""

    name: str = "cosine"

    depends_on_length: ClassVar[bool] = True

    def factor_after_warmup(self, step: int, steps_per_epoch: int, all_steps: int, lr: float) -> float:
        """Return half a cosine wave over all steps."""
        return (1 + math.cos(math.pi * min(1.0, step / max(1, all_steps)))) / 2
