"""What needs no photo: the scores that a model has to beat."""

from collections.abc import Sequence

import torch
from torch import Tensor

from binrecon.metrics.functional import BAND_COUNT, CountTally, scores


def find_majority_count(train_histogram: Sequence[int], min_count: int) -> int:
    """Return the commonest count of the training bins; the smallest where some tie.

    >>> find_majority_count([5, 9, 9], min_count=1)
    2
    """
    return max(range(len(train_histogram)), key=train_histogram.__getitem__) + min_count


def majority_baseline(
    train_histogram: Sequence[int], test_histogram: Sequence[int], min_count: int
) -> dict[str, float]:
    """Score the answer that is always the commonest training count.

    It has no probabilities: `nll` and `ece` are NaN, and `rmse_of_mean` is `rmse`.

    Args:
        train_histogram: Number of training bins with each count, from `min_count` up, length C.
        test_histogram: Number of scored bins with each count, length C.
        min_count: The count of the first entry of both.

    Returns:
        Each metric by name; all are NaN where no bin is scored.

    Raises:
        ValueError: If the histograms do not fit, or there is no training bin.
    """
    _, test = _check_histograms(train_histogram, test_histogram)
    answer = find_majority_count(train_histogram, min_count) - min_count
    confusion = torch.zeros(len(test), len(test), dtype=torch.float64)
    confusion[:, answer] = test
    distance = torch.arange(len(test), dtype=torch.float64) - answer
    unknown = torch.full((BAND_COUNT,), torch.nan, dtype=torch.float64)
    return scores(
        CountTally(confusion, (test * distance.square()).sum(), unknown.sum(), unknown, unknown, unknown)
    )


def prior_baseline(
    train_histogram: Sequence[int], test_histogram: Sequence[int], min_count: int
) -> dict[str, float]:
    """Score, on average over draws, the answer that is drawn from the frequencies of the training counts.

    The confusion matrix is the expected one. `nll`, `rmse_of_mean` and `ece` are those of the frequencies
    themselves, given as the distribution of every bin: `nll` is infinite where a scored count was never
    trained on, and the confidence is the frequency of the commonest count, with that count for the answer.

    Args:
        train_histogram: Number of training bins with each count, from `min_count` up, length C.
        test_histogram: Number of scored bins with each count, length C.
        min_count: The count of the first entry of both.

    Returns:
        Each metric by name; all are NaN where no bin is scored.

    Raises:
        ValueError: If the histograms do not fit, or there is no training bin.
    """
    train, test = _check_histograms(train_histogram, test_histogram)
    prior = train / train.sum()
    classes = torch.arange(len(test), dtype=torch.float64)
    error_of_mean = classes - (prior * classes).sum()
    answer = find_majority_count(train_histogram, min_count) - min_count
    # One confidence for all, so one band holds every bin; which one does not matter.
    band = torch.zeros(BAND_COUNT, dtype=torch.float64)
    band[0] = 1
    return scores(
        CountTally(
            confusion=torch.outer(test, prior),
            squared_error_of_mean=(test * error_of_mean.square()).sum(),
            nll=-torch.xlogy(test, prior).sum(),
            band_size=band * test.sum(),
            band_confidence=band * test.sum() * prior[answer],
            band_correct=band * test[answer],
        )
    )


def _check_histograms(train_histogram: Sequence[int], test_histogram: Sequence[int]) -> tuple[Tensor, Tensor]:
    if len(train_histogram) != len(test_histogram):
        raise ValueError(
            f"histograms: must be of equal length, got {len(train_histogram)} for training"
            f" and {len(test_histogram)} for scoring"
        )
    if any(count < 0 for count in (*train_histogram, *test_histogram)):
        raise ValueError(
            f"histograms: must not be negative, got {list(train_histogram)}, {list(test_histogram)}"
        )
    if sum(train_histogram) == 0:
        raise ValueError("train_histogram: must hold at least one bin, got none")
    train, test = (
        torch.tensor(list(counts), dtype=torch.float64) for counts in (train_histogram, test_histogram)
    )
    return train, test
