"""Count logits to counts: the likeliest, the mean, the rounded mean and the median.

Class `i` of C stands for the count `min_count + i`. Sums are written element by element: matrix products may
be rounded to TF32, and CUDA refuses cumulative sums in deterministic mode.
"""

from itertools import accumulate

import torch
from torch import Tensor

from binrecon.models.precision import widen


def argmax_count(count_logits: Tensor, min_count: int) -> Tensor:
    """Return the likeliest count of each bin; the smaller one where two tie.

    Args:
        count_logits: Unnormalised log-probabilities of the counts, shape (B, C).
        min_count: The count of class 0.

    Returns:
        Counts in items, shape (B,), int64.

    >>> argmax_count(torch.tensor([[0.0, 2.0, 1.0], [3.0, 0.0, 3.0]]), min_count=1)
    tensor([2, 1])
    """
    return count_logits.argmax(dim=1) + min_count


def mean_count(count_logits: Tensor, min_count: int) -> Tensor:
    """Average the count distribution into one real-valued count per bin.

    Args:
        count_logits: Unnormalised log-probabilities of the counts, shape (B, C). Half precision is computed
            in float32.
        min_count: The count of class 0.

    Returns:
        Mean counts in items, shape (B,), float32, or float64 for float64 logits.

    >>> mean_count(torch.zeros(1, 3), min_count=1)
    tensor([2.])
    """
    return mean_class(_probabilities(count_logits)) + min_count


def rounded_mean_count(count_logits: Tensor, min_count: int) -> Tensor:
    """Return the whole number next to the mean count of each bin; the larger one where two are.

    It is the count with the smallest expected squared error. A half is rounded up, since rounding it to the
    even neighbour, as `torch.round` does, would do one thing between 1 and 2 and another between 2 and 3.

    Args:
        count_logits: Unnormalised log-probabilities of the counts, shape (B, C). Half precision is computed
            in float32.
        min_count: The count of class 0.

    Returns:
        Counts in items, shape (B,), int64.

    >>> rounded_mean_count(torch.zeros(1, 6), min_count=0), rounded_mean_count(torch.zeros(1, 6), min_count=1)
    (tensor([3]), tensor([4]))
    """
    return round_half_up(mean_class(_probabilities(count_logits))) + min_count


def median_count(count_logits: Tensor, min_count: int) -> Tensor:
    """Return the smallest count of each bin whose cumulative probability reaches one half.

    It is the count with the smallest expected absolute error.

    Args:
        count_logits: Unnormalised log-probabilities of the counts, shape (B, C). Half precision is computed
            in float32.
        min_count: The count of class 0.

    Returns:
        Counts in items, shape (B,), int64.

    >>> median_count(torch.tensor([[0.4, 0.25, 0.35]]).log(), min_count=0)
    tensor([1])
    """
    return median_class(_probabilities(count_logits)) + min_count


def mean_class(probabilities: Tensor) -> Tensor:
    """Average the classes of each bin: from probabilities, shape (B, C), to shape (B,)."""
    classes = torch.arange(probabilities.shape[1], device=probabilities.device)
    return (probabilities * classes).sum(dim=1)


def round_half_up(means: Tensor) -> Tensor:
    """Round to whole numbers, int64, a half to the next larger one."""
    return (means + 0.5).floor().long()


def median_class(probabilities: Tensor) -> Tensor:
    """Return the smallest class whose cumulative probability reaches one half.

    Args:
        probabilities: Shape (B, C).

    Returns:
        Shape (B,), int64.
    """
    below = torch.zeros(len(probabilities), dtype=torch.int64, device=probabilities.device)
    for cumulative in accumulate(probabilities[:, :-1].unbind(dim=1)):
        below += cumulative < 0.5
    return below


def average_looks(count_logits: Tensor, bin_count: int) -> Tensor:
    """Average what several looks at each bin say.

    The distribution that follows is that of the mean of their log-probabilities: what logits and
    log-probabilities differ by is the same for all counts.

    Args:
        count_logits: V looks at each of B bins, behind each other, shape (B V, …, C).
        bin_count: B.

    Returns:
        Shape (B, …, C).
    """
    looks = len(count_logits) // bin_count
    if looks == 1:
        return count_logits
    return count_logits.reshape(bin_count, looks, *count_logits.shape[1:]).mean(dim=1)


def _probabilities(count_logits: Tensor) -> Tensor:
    return widen(count_logits).softmax(dim=1)
