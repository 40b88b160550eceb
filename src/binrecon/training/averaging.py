"""The running mean of weights."""

from collections.abc import Sequence

import torch
from pytorch_lightning.callbacks import WeightAveraging
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

        with torch.no_grad():
            super().__init__(use_buffers=True, multi_avg_fn=average)
