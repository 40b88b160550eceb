"""Scores of the counts themselves, before and after calibration, on the evaluated bins."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from binrecon.calibration import Calibration, count_sets
from binrecon.calibration.arrays import Floats, Ints
from binrecon.calibration.reliability import adaptive_ece, brier, classwise_ece
from binrecon.compare.scores import Predictions, score
from binrecon.reconcile.evaluate.judged import JudgedBins
from binrecon.reconcile.evaluate.places import Places, place_once
from binrecon.reconcile.evaluate.scores import augrc, aurc

_HONEST_DRAWS = 100


class Measured(NamedTuple):
    """One score of the counts of N bins.

    Attributes:
        name: Of the score.
        before: Without calibration.
        after: With it.
        before_resampled: On R resamples of the bins, shape (R,).
        after_resampled: On the same, shape (R,).
        honest: What a counter would score on as many bins whose counts are drawn from its own calibrated
            distributions, the mean over 100 draws: a calibration error is never 0.
    """

    name: str
    before: float
    after: float
    before_resampled: Floats
    after_resampled: Floats
    honest: float


class Covered(NamedTuple):
    """The coverage of count sets.

    Attributes:
        asked: The coverage that they were made for.
        share: Share of the bins whose recorded count is in their set.
        margin: Half the width of the 95 % interval around `asked` that so many bins allow.
        mean_size: Mean number of counts in a set.
    """

    asked: float
    share: float
    margin: float
    mean_size: float


def measure_counts(bins: JudgedBins, resamples: int, seed: int) -> list[Measured]:
    """Score the counts before and after calibration, on the bins and on resamples of them."""
    rng = np.random.default_rng([seed, 2])
    samples = rng.integers(len(bins), size=(resamples, len(bins)))
    before, after = np.exp(bins.log_probabilities), np.exp(bins.calibrated)
    reached = after.cumsum(axis=1)[:, :-1]
    honest = [(reached < rng.random((len(bins), 1))).sum(axis=1) for _ in range(_HONEST_DRAWS)]
    return [
        Measured(
            name,
            measure(before, bins.recorded),
            measure(after, bins.recorded),
            np.array([measure(before[rows], bins.recorded[rows]) for rows in samples]),
            np.array([measure(after[rows], bins.recorded[rows]) for rows in samples]),
            float(np.mean([measure(after, drawn) for drawn in honest])),
        )
        for name, measure in COUNT_SCORES.items()
    ]


def measure_coverage(bins: JudgedBins, calibration: Calibration, coverages: Sequence[float]) -> list[Covered]:
    """See how often count sets hold the recorded count, at each coverage that is asked for.

    The threshold is a quantile of n validation bins, so that the share it covers of all bins varies by
    c (1 - c) / n (Angelopoulos & Bates 2021, arXiv:2107.07511, section 3.2); that of N test bins varies about
    it by c (1 - c) / N.
    """
    covered = []
    for coverage in coverages:
        sets = count_sets(bins.calibrated, calibration, coverage)
        is_held = sets[np.arange(len(bins)), bins.recorded]
        variance = coverage * (1 - coverage) * (1 / len(bins) + 1 / calibration.bins)
        sizes = sets.sum(axis=1)
        covered.append(
            Covered(coverage, float(is_held.mean()), float(1.96 * np.sqrt(variance)), float(sizes.mean()))
        )
    return covered


def _as_predictions(probabilities: Floats, recorded: Ints) -> Predictions:
    ids = tuple(map(str, range(len(recorded))))
    return Predictions(ids, recorded, np.argmax(probabilities, axis=1), probabilities, 0)


def _place_miscounts(probabilities: Floats, recorded: Ints) -> Places:
    """Place the bins whose likeliest count is wrong, the least confident bin first."""
    return place_once(-probabilities.max(axis=1), probabilities.argmax(axis=1) != recorded)


COUNT_SCORES: Mapping[str, Callable[[Floats, Ints], float]] = MappingProxyType(
    {
        "accuracy": lambda p, recorded: score("accuracy", _as_predictions(p, recorded)),
        "nll": lambda p, recorded: score("nll", _as_predictions(p, recorded)),
        "brier": brier,
        "ece": lambda p, recorded: score("ece", _as_predictions(p, recorded)),
        "adaptive_ece": adaptive_ece,
        "classwise_ece": classwise_ece,
        "count_aurc": lambda p, recorded: float(aurc(_place_miscounts(p, recorded))[0]),
        "count_augrc": lambda p, recorded: float(augrc(_place_miscounts(p, recorded))[0]),
    }
)
"""Name of each score to what computes it from probabilities, (N, C), and recorded classes, (N,)."""
