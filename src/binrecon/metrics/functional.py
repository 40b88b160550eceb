"""Count logits and recorded counts to additive sums, and sums to numbers.

Everything that is reported follows from one `CountTally`, whose parts add up over batches and processes.
Class `i` of C stands for the count `min_count + i`. The predicted count is the likeliest one; how well the
rounded mean and the median of the distribution do is summed up beside it.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from binrecon.config.metric_names import DECODINGS, name_decoded
from binrecon.metrics.check import check_batch
from binrecon.models.decoding import argmax_count, mean_class, median_class, round_half_up
from binrecon.models.precision import widen

BAND_COUNT = 15
"""Bands of equal width that confidence is cut into: M of Guo et al. 2017, arXiv:1706.04599, section 5."""


class CountTally(NamedTuple):
    """Sums over bins, all float64. Add two with `add_tallies`: `+` would join the tuples.

    Attributes:
        confusion: Number of bins by recorded count (rows) and predicted count (columns), shape (C, C).
        confusion_of_rounded_mean: The same by the rounded mean of the distribution, shape (C, C).
        confusion_of_median: The same by its median, shape (C, C).
        squared_error_of_mean: Squared distance of the mean count from the recorded one, in items², shape ().
        nll: Negative log-likelihood of the recorded count, in nats, shape ().
        band_size: Number of bins whose confidence (largest probability) lies in each band, shape (15,).
        band_confidence: Sum of their confidences, shape (15,).
        band_correct: Number of them whose predicted count is the recorded one, shape (15,).
    """

    confusion: Tensor
    confusion_of_rounded_mean: Tensor
    confusion_of_median: Tensor
    squared_error_of_mean: Tensor
    nll: Tensor
    band_size: Tensor
    band_confidence: Tensor
    band_correct: Tensor


def empty_tally(class_count: int) -> CountTally:
    """Return the tally of no bins."""
    shapes = (*[(class_count, class_count)] * 3, (), (), *[(BAND_COUNT,)] * 3)
    return CountTally(*(torch.zeros(shape, dtype=torch.float64) for shape in shapes))


def add_tallies(first: CountTally, second: CountTally) -> CountTally:
    """Return the tally of the bins of both."""
    return CountTally(*(one + other for one, other in zip(first, second, strict=True)))


def tally_batch(count_logits: Tensor, recorded_counts: Tensor, min_count: int) -> CountTally:
    """Sum up one batch; checking its values synchronises with the device.

    Args:
        count_logits: Unnormalised log-probabilities of the counts, shape (B, C). Half precision is computed
            in float32.
        recorded_counts: Recorded counts, in items, shape (B,), any integer dtype.
        min_count: The count of class 0.

    Raises:
        ValueError: If the shapes or dtypes do not fit, a recorded count has no class, or a logit is not
            finite.
    """
    recorded = check_batch(count_logits, recorded_counts, min_count)
    return CountTally(*(sums[0] for sums in tally_heads(count_logits.unsqueeze(1), recorded, min_count)))


def tally_heads(count_logits: Tensor, recorded_counts: Tensor, min_count: int) -> CountTally:
    """Sum up one batch for K heads at once; values are not checked.

    Args:
        count_logits: Finite, unnormalised log-probabilities of the counts, shape (B, K, C). Half precision is
            computed in float32.
        recorded_counts: Recorded counts, in items, shape (B,), int64, each with a class.
        min_count: The count of class 0.

    Returns:
        A tally whose parts have one more dimension in front, of length K.
    """
    bin_count, head_count, class_count = count_logits.shape
    logits = widen(count_logits).reshape(-1, class_count)  # the heads of the first bin, of the second, …
    recorded_class = (recorded_counts - min_count).repeat_interleave(head_count)
    predicted_class = argmax_count(logits, 0)
    log_probabilities = logits.log_softmax(dim=1)
    probabilities = log_probabilities.exp()
    mean = mean_class(probabilities)
    answers = torch.stack([predicted_class, round_half_up(mean), median_class(probabilities)])
    by_prediction, by_mean, by_median = _count_cells(recorded_class, answers, head_count, class_count)
    confidence = probabilities.amax(dim=1).double()
    in_band = one_hot(_find_band(confidence), BAND_COUNT).double()

    def sum_bins(values: Tensor) -> Tensor:
        return values.double().reshape(bin_count, head_count, *values.shape[1:]).sum(dim=0)

    return CountTally(
        confusion=by_prediction,
        confusion_of_rounded_mean=by_mean,
        confusion_of_median=by_median,
        squared_error_of_mean=sum_bins((mean.double() - recorded_class).square()),
        nll=-sum_bins(log_probabilities.gather(1, recorded_class.unsqueeze(1)).squeeze(1)),
        band_size=sum_bins(in_band),
        band_confidence=sum_bins(in_band * confidence.unsqueeze(1)),
        band_correct=sum_bins(in_band * (predicted_class == recorded_class).unsqueeze(1)),
    )


def _count_cells(
    recorded_class: Tensor, answers: Tensor, head_count: int, class_count: int
) -> tuple[Tensor, ...]:
    """Count bins by recorded class and answer.

    Args:
        recorded_class: Class of each of B bins, repeated K times, shape (B K,).
        answers: Classes in D ways, shape (D, B K).
        head_count: K.
        class_count: C.

    Returns:
        D tensors of shape (K, C, C).
    """
    ways, rows = answers.shape
    head = torch.arange(head_count, device=answers.device).repeat(rows // max(1, head_count))
    way = torch.arange(ways, device=answers.device).unsqueeze(1)
    cell = ((way * head_count + head) * class_count + recorded_class) * class_count + answers
    bins = torch.bincount(cell.flatten(), minlength=ways * head_count * class_count**2)
    return bins.reshape(ways, head_count, class_count, class_count).double().unbind()


def _find_band(confidence: Tensor) -> Tensor:
    """Return the band m of each confidence, which holds m / 15 < confidence <= (m + 1) / 15."""
    return (confidence * BAND_COUNT).ceil().long().clamp(1, BAND_COUNT) - 1


def accuracy(tally: CountTally) -> Tensor:
    """Return the share of bins whose predicted count is the recorded one, shape (), NaN for no bins."""
    return tally.confusion.trace() / tally.confusion.sum()


def count_accuracy(tally: CountTally) -> Tensor:
    """Return the accuracy (recall) of each recorded count, shape (C,), NaN where none is recorded."""
    return tally.confusion.diagonal() / tally.confusion.sum(dim=1)


def count_f1(tally: CountTally) -> Tensor:
    """Return the F1 score of each count, shape (C,), NaN where a count is neither recorded nor predicted.

    A count that is recorded and never predicted, or predicted and never recorded, has an F1 of 0.
    """
    recorded, predicted = tally.confusion.sum(dim=1), tally.confusion.sum(dim=0)
    return 2 * tally.confusion.diagonal() / (recorded + predicted)


def macro_f1(tally: CountTally) -> Tensor:
    """Return the mean F1 over the counts that are recorded or predicted, shape (), NaN for no bins.

    The counts that occur in neither are left out, as in scikit-learn's
    `f1_score(average="macro", zero_division=0)` without `labels`. Compare two values only where the same
    counts occur.
    """
    return count_f1(tally).nanmean()


def _mean_over_cells(confusion: Tensor, cost: Callable[[Tensor], Tensor]) -> Tensor:
    """Average a cost of the distance between recorded and predicted count over the bins."""
    counts = torch.arange(len(confusion), device=confusion.device, dtype=torch.float64)
    distance = (counts.unsqueeze(0) - counts.unsqueeze(1)).abs()
    return (confusion * cost(distance)).sum() / confusion.sum()


def rmse(tally: CountTally) -> Tensor:
    """Return the root mean squared error of the predicted count, in items, shape (), NaN for no bins."""
    return _mean_over_cells(tally.confusion, torch.square).sqrt()


def mae(tally: CountTally) -> Tensor:
    """Return the mean absolute error of the predicted count, in items, shape (), NaN for no bins."""
    return _mean_over_cells(tally.confusion, torch.abs)


def within_one_accuracy(tally: CountTally) -> Tensor:
    """Return the share of bins whose prediction is off by one item at most, shape (), NaN for no bins."""
    return _mean_over_cells(tally.confusion, lambda distance: (distance <= 1).double())


def rmse_of_mean(tally: CountTally) -> Tensor:
    """Return the root mean squared error of the mean count, in items, shape (), NaN for no bins."""
    return (tally.squared_error_of_mean / tally.confusion.sum()).sqrt()


def nll(tally: CountTally) -> Tensor:
    """Return the mean negative log-likelihood of the recorded count, in nats, shape (), NaN for no bins."""
    return tally.nll / tally.confusion.sum()


def ece(tally: CountTally) -> Tensor:
    """Return the expected calibration error, shape (), between 0 and 1, NaN for no bins.

    Guo et al. 2017, arXiv:1706.04599, equation 3: the gap between the accuracy and the mean confidence of
    each band, weighted by the band's share of the bins.
    """
    return (tally.band_correct - tally.band_confidence).abs().sum() / tally.band_size.sum()


def _score_decoding(score: Callable[[CountTally], Tensor], ending: str) -> Callable[[CountTally], Tensor]:
    """Return a score of predicted counts as one of the counts that another decoding gives."""
    return lambda tally: score(tally._replace(confusion=getattr(tally, f"confusion{ending}")))


_SCORES = {
    score.__name__: score
    for score in (accuracy, macro_f1, rmse, mae, rmse_of_mean, within_one_accuracy, nll, ece)
}

SCORE_FUNCTIONS: Mapping[str, Callable[[CountTally], Tensor]] = MappingProxyType(
    _SCORES
    | {
        name: _score_decoding(_SCORES[metric], DECODINGS[decoding])
        for decoding, names in name_decoded().items()
        for metric, name in names.items()
        if name not in _SCORES
    }
)
"""Name of each metric, as `config.metric_names` declares it, to the function that computes it."""


def head_scores(tally: CountTally) -> dict[str, Tensor]:
    """Compute every declared metric but the loss of K heads, each of shape (K,), from `tally_heads`."""
    return {name: torch.vmap(score)(tally) for name, score in SCORE_FUNCTIONS.items()}


def scores(tally: CountTally) -> dict[str, float]:
    """Compute every declared metric but the loss; all are NaN for no bins."""
    return {name: float(score(tally)) for name, score in SCORE_FUNCTIONS.items()}
