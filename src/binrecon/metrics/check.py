"""Checks of logits and recorded counts."""

import torch
from torch import Tensor


def check_batch(count_logits: Tensor, recorded_counts: Tensor, min_count: int) -> Tensor:
    """Check a batch before it is summed up; this synchronises with the device.

    Returns:
        The recorded counts as int64: in their own dtype, differences of uint8 would wrap round.

    Raises:
        ValueError: If the shapes or dtypes do not fit, a recorded count has no class, or a logit is not
            finite.
    """
    if count_logits.ndim != 2 or count_logits.shape[1] == 0 or not count_logits.is_floating_point():
        raise ValueError(
            "count_logits: must be a float tensor of shape (B, C),"
            f" got {count_logits.dtype} {tuple(count_logits.shape)}"
        )
    bin_count, class_count = count_logits.shape
    is_integer = not (recorded_counts.is_floating_point() or recorded_counts.is_complex())
    if recorded_counts.shape != (bin_count,) or not is_integer or recorded_counts.dtype == torch.bool:
        raise ValueError(
            f"recorded_counts: must be an integer tensor of shape ({bin_count},) like the logits,"
            f" got {recorded_counts.dtype} {tuple(recorded_counts.shape)}"
        )
    recorded = recorded_counts.long()
    max_count = min_count + class_count - 1
    is_outside = (recorded < min_count) | (recorded > max_count)
    is_finite = count_logits.isfinite().all(dim=1)
    if bool((is_outside | ~is_finite).any()):
        _refuse_values(recorded[is_outside], int((~is_finite).sum()), (min_count, max_count), bin_count)
    return recorded


def _refuse_values(outside: Tensor, not_finite: int, count_range: tuple[int, int], bin_count: int) -> None:
    if not_finite:
        raise ValueError(
            f"count_logits: not finite for {not_finite} of {bin_count} bins: the model diverged;"
            " lower the learning rate or clip the gradients"
        )
    raise ValueError(
        f"recorded_counts: must be within {count_range[0]}..{count_range[1]},"
        f" got {sorted(set(outside.tolist()))}; leave such bins out or widen the range"
    )
