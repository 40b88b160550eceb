"""The number format that logits are computed in."""

import torch
from torch import Tensor


def widen(logits: Tensor) -> Tensor:
    """Give half precision, as mixed precision brings it, the width of float32; leave float64 as it is."""
    return logits if logits.dtype == torch.float64 else logits.float()
