"""Baselines that need no photo."""

from collections.abc import Sequence

import torch
from torch import Tensor

from binrecon.metrics.functional import BAND_COUNT, CountTally, scores
from binrecon.models.decoding import mean_class, median_class, round_half_up


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

    It has no probabilities: `nll` and `ece` are NaN, and mean, rounded mean and median are that answer too.

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
    confusion = _answer_always(answer, test)
    distance = torch.arange(len(test), dtype=torch.float64) - answer
    unknown = torch.full((BAND_COUNT,), torch.nan, dtype=torch.float64)
    return scores(
        CountTally(
            confusion=confusion,
            confusion_of_rounded_mean=confusion,
            confusion_of_median=confusion,
            squared_error_of_mean=(test * distance.square()).sum(),
            nll=unknown.sum(),
            band_size=unknown,
            band_confidence=unknown,
            band_correct=unknown,
        )
    )


def prior_baseline(
    train_histogram: Sequence[int], test_histogram: Sequence[int], min_count: int
) -> dict[str, float]:
    """Score, on average over draws, the answer that is drawn from the frequencies of the training counts.

    The confusion matrix is the expected one. The metrics that are not of the likeliest count are those of the
    frequencies themselves, given as the distribution of every bin: `nll` is infinite where a scored count was
    never trained on, and the confidence is the frequency of the commonest count, with that count for the
    answer.

    Arguments, result and errors are those of `majority_baseline`.
    """
    train, test = _check_histograms(train_histogram, test_histogram)
    prior = train / train.sum()
    mean, median = mean_class(prior.unsqueeze(0)), median_class(prior.unsqueeze(0))
    error_of_mean = torch.arange(len(test), dtype=torch.float64) - mean
    answer = find_majority_count(train_histogram, min_count) - min_count
    # One confidence for all, so one band holds every bin; which one does not matter.
    band = torch.zeros(BAND_COUNT, dtype=torch.float64)
    band[0] = 1
    return scores(
        CountTally(
            confusion=torch.outer(test, prior),
            confusion_of_rounded_mean=_answer_always(int(round_half_up(mean)), test),
            confusion_of_median=_answer_always(int(median), test),
            squared_error_of_mean=(test * error_of_mean.square()).sum(),
            nll=-torch.xlogy(test, prior).sum(),
            band_size=band * test.sum(),
            band_confidence=band * test.sum() * prior[answer],
            band_correct=band * test[answer],
        )
    )


def _answer_always(answer: int, test: Tensor) -> Tensor:
    """Return the confusion matrix of one answer, a class, to all bins."""
    confusion = torch.zeros(len(test), len(test), dtype=torch.float64)
    confusion[:, answer] = test
    return confusion


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
