"""Metrics for resamples: ten thousand resamples of the bins cost a few matrix products.

Each metric is a function of means over bins, so a resample, which only weighs bins, needs those means alone.
`metrics.functional` defines the metrics on torch; that both agree is tested.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BAND_COUNT = 15  # that of `metrics.functional.BAND_COUNT`, which would load torch
_LEAST_PROBABILITY = 1e-38  # that of `training.results`


@dataclass(frozen=True)
class Predictions:
    """Predictions of a run for N bins.

    Attributes:
        bin_ids: In ascending order, N.
        recorded: Recorded counts in items, shape (N,).
        predicted: Predicted counts in items, shape (N,).
        probabilities: Probability of each of C counts, shape (N, C).
        min_count: The count of the first of them.
    """

    bin_ids: tuple[str, ...]
    recorded: Ints
    predicted: Ints
    probabilities: Floats
    min_count: int

    @property
    def error(self) -> Ints:
        """Distance of the predicted count from the recorded one, in items, shape (N,)."""
        return self.predicted - self.recorded

    @property
    def mean(self) -> Floats:
        """Mean of the distribution, in items, shape (N,)."""
        counts = self.min_count + np.arange(self.probabilities.shape[1])
        return np.asarray(self.distribution @ counts)

    @property
    def as_rounded_mean(self) -> Self:
        """The same bins, with the rounded mean for the predicted count; a half is rounded up."""
        return replace(self, predicted=np.floor(self.mean + 0.5).astype(np.int64))

    @property
    def as_median(self) -> Self:
        """The same bins, with the smallest count whose cumulative probability reaches one half."""
        below = (self.distribution[:, :-1].cumsum(axis=1) < 0.5).sum(axis=1)
        return replace(self, predicted=self.min_count + below)

    @property
    def distribution(self) -> Floats:
        """Probabilities that are above 0 and sum to 1, as the metrics take them, shape (N, C)."""
        kept = np.maximum(self.probabilities, _LEAST_PROBABILITY)
        return np.asarray(kept / kept.sum(axis=1, keepdims=True))


class Score(NamedTuple):
    """A metric in two steps.

    Attributes:
        measure: Predictions of N bins to D numbers for each, shape (N, D).
        finish: Means of those over bins, shape (R, D), to the metric of each of R resamples, shape (R,).
    """

    measure: Callable[[Predictions], Floats]
    finish: Callable[[Floats], Floats]


def _first(means: Floats) -> Floats:
    return means[:, 0]


def _root(means: Floats) -> Floats:
    return np.sqrt(means[:, 0])


def _column(values: NDArray[np.generic]) -> Floats:
    return values.astype(np.float64)[:, None]


def _measure_error_of_mean(predictions: Predictions) -> Floats:
    return _column((predictions.mean - predictions.recorded) ** 2)


def _measure_nll(predictions: Predictions) -> Floats:
    rows = np.arange(len(predictions.recorded))
    return _column(-np.log(predictions.distribution[rows, predictions.recorded - predictions.min_count]))


def _measure_f1(predictions: Predictions) -> Floats:
    """Return whether each count is hit, and how often it is recorded or predicted, shape (N, 2 C)."""
    counts = predictions.min_count + np.arange(predictions.probabilities.shape[1])
    is_recorded = predictions.recorded[:, None] == counts
    is_predicted = predictions.predicted[:, None] == counts
    hit = (is_recorded & is_predicted).astype(np.float64)
    return np.hstack([hit, is_recorded.astype(np.float64) + is_predicted])


def _finish_f1(means: Floats) -> Floats:
    """Average the F1 of the counts that are recorded or predicted; the others are left out."""
    hit, either = np.hsplit(means, 2)
    f1 = np.divide(2 * hit, either, out=np.zeros_like(hit), where=either > 0)
    return np.asarray(f1.sum(axis=1) / (either > 0).sum(axis=1))


def _measure_gap(predictions: Predictions) -> Floats:
    """Return each bin's correctness minus its confidence, in the column of its band."""
    confidence = predictions.distribution.max(axis=1)
    band = np.clip(np.ceil(confidence * _BAND_COUNT).astype(np.int64), 1, _BAND_COUNT) - 1
    gaps = np.zeros((len(band), _BAND_COUNT))
    gaps[np.arange(len(band)), band] = (predictions.error == 0) - confidence
    return gaps


_ACCURACY = Score(lambda p: _column(p.error == 0), _first)
_RMSE = Score(lambda p: _column(p.error**2), _root)
_MAE = Score(lambda p: _column(abs(p.error)), _first)

SCORES: Mapping[str, Score] = MappingProxyType(
    {
        "accuracy": _ACCURACY,
        "macro_f1": Score(_measure_f1, _finish_f1),
        "rmse": _RMSE,
        "mae": _MAE,
        "rmse_of_mean": Score(_measure_error_of_mean, _root),
        "within_one_accuracy": Score(lambda p: _column(abs(p.error) <= 1), _first),
        "nll": Score(_measure_nll, _first),
        "ece": Score(_measure_gap, lambda means: np.abs(means).sum(axis=1)),
        "accuracy_of_rounded_mean": Score(lambda p: _ACCURACY.measure(p.as_rounded_mean), _first),
        "rmse_of_rounded_mean": Score(lambda p: _RMSE.measure(p.as_rounded_mean), _root),
        "mae_of_rounded_mean": Score(lambda p: _MAE.measure(p.as_rounded_mean), _first),
        "accuracy_of_median": Score(lambda p: _ACCURACY.measure(p.as_median), _first),
        "rmse_of_median": Score(lambda p: _RMSE.measure(p.as_median), _root),
        "mae_of_median": Score(lambda p: _MAE.measure(p.as_median), _first),
    }
)
"""Metrics that may rank runs, by name."""


def score_resamples(name: str, predictions: Predictions, weights: Floats) -> Floats:
    """Compute a metric for R resamples of N bins.

    Args:
        name: Name of the metric, one of `SCORES`.
        predictions: Of N bins.
        weights: Weight of each bin in each resample, shape (R, N); each row sums to 1.

    Returns:
        Shape (R,).
    """
    score = SCORES[name]
    return score.finish(weights @ score.measure(predictions))


def score(name: str, predictions: Predictions) -> float:
    """Compute a metric of the bins as they are.

    >>> recorded, predicted = np.array([0, 1, 1, 2]), np.array([0, 1, 2, 0])
    >>> some = Predictions(tuple("abcd"), recorded, predicted, np.eye(3)[predicted], min_count=0)
    >>> score("accuracy", some), round(score("rmse", some) ** 2, 9)
    (0.5, 1.25)
    """
    bin_count = len(predictions.bin_ids)
    return float(score_resamples(name, predictions, np.full((1, bin_count), 1 / bin_count))[0])
