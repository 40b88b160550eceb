"""The running mean of weights."""

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import WeightAveraging
from pytorch_lightning.trainer.states import TrainerFn
from torch import Tensor


class WeightAverage(WeightAveraging):
    """Keeps an exponential moving average of all weights, which is validated, tested and kept as the model.

    Statistics of BatchNorm are averaged as well. The mean starts from the first weights and forgets them
    soon: after n steps its decay is at most (1 + n) / (10 + n), as TensorFlow's `ExponentialMovingAverage`.

    Args:
        decay: What of the mean stays in each step, below 1.
    """

    def __init__(self, decay: float) -> None:
        def average(means: Sequence[Tensor], current: Sequence[Tensor], steps: Tensor | int) -> None:
            share = 1 - min(decay, (1 + int(steps)) / (10 + int(steps)))
            for mean, value in zip(means, current, strict=True):
                if mean.is_floating_point():
                    mean.lerp_(value, share)  # what does not change stays the same to the last bit
                else:
                    mean.copy_(value)

        super().__init__(use_buffers=True, multi_avg_fn=average)

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Take up the weights beside their mean to go on training; what is tested is the mean."""
        if trainer.state.fn == TrainerFn.FITTING:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)
