"""Uncertainty of a difference between two groups of runs: a paired bootstrap over bins and seeds.

Both groups predict the same bins, so a bin that is hard for one is mostly hard for the other, and the
difference is far surer than either score. Each resample therefore draws one set of bins, with replacement,
and scores every group on it (Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapters 6 and 13:
the percentile interval).

Bins are one source of spread, seeds another: another seed gives another head, and which one was drawn is
luck too (Bouthillier et al. 2021, arXiv:2103.03098). So each resample draws seeds as well, with
replacement, within each group. Groups with the same seeds get the same draw, since a seed means the same
first weights and order of photos for both.

What the interval covers: other bins of the kind that were evaluated, and other seeds. What it does not cover:
another split, other training bins, other hyperparameters, and the choice of the best of many groups (each
interval is that of one pair, not corrected for how many are compared).

Variance that is peculiar to one bin under one seed is counted up to three times, since bins and seeds are
drawn independently (Owen 2007, doi:10.1214/07-AOAS122). Variance of the seeds alone is counted (S - 1) / S
times for S seeds: a third too little for three. Over several seeds an interval is mostly too wide rather
than too narrow. With one seed in a group nothing is known about other seeds, and the interval is about bins
alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from binrecon.compare.scores import Floats, Predictions, score, score_resamples
from binrecon.config.metric_names import LOGGED_METRICS

LEVEL = 0.95
"""Fraction of resamples inside an interval."""

_WEIGHTS_AT_ONCE = 4_000_000
"""Weights of bins that are held in memory at a time: 32 MB."""

_DIGITS = 12
"""Decimals of a difference: what is left below comes from the order of sums, and would untie what is tied."""


class Seeded(NamedTuple):
    """A group's predictions: those of each seed for the same N bins."""

    seeds: tuple[int, ...]
    predictions: tuple[Predictions, ...]


@dataclass(frozen=True)
class Difference:
    """Difference between two groups in a metric.

    Attributes:
        metric: Its name.
        value: Score of the first less score of the second, in the metric's unit.
        lower: Lower end of the 95 % interval.
        upper: Upper end of it.
        share_better: Fraction of resamples in which the first is better; a tie counts half.
    """

    metric: str
    value: float
    lower: float
    upper: float
    share_better: float

    @property
    def is_clear(self) -> bool:
        """True if the interval excludes 0."""
        return self.lower > 0 or self.upper < 0

    @property
    def is_first_better(self) -> bool:
        """True if the first group has the better score."""
        return self.value > 0 if LOGGED_METRICS[self.metric] == "max" else self.value < 0


def mean_score(metric: str, group: Seeded) -> float:
    """Average a metric over the seeds of a group, as the leaderboard does."""
    return float(np.mean([score(metric, predictions) for predictions in group.predictions]))


def resample_groups(
    groups: Sequence[Seeded], metrics: Sequence[str], resamples: int, seed: int
) -> dict[str, Floats]:
    """Score every group on the same resamples of bins and seeds.

    A group's score is the mean of its seeds' scores, as in the leaderboard, so differences of the two agree.
    The draws for a group do not depend on which other groups there are.

    Args:
        groups: Each with predictions for the same N bins, in the same order.
        metrics: Names of metrics.
        resamples: R, how often to draw.
        seed: Seed of the draws.

    Returns:
        For each metric the score of each group in each resample, shape (R, G).
    """
    bin_count = len(groups[0].predictions[0].bin_ids)
    bins = np.random.default_rng([seed, 0])
    seeds = {group.seeds: np.random.default_rng([seed, 1, *group.seeds]) for group in groups}
    scores = {metric: np.empty((resamples, len(groups))) for metric in metrics}
    for rows in _chunks(resamples, bin_count):
        draw_count = rows.stop - rows.start
        weights = draw_weights(bins, draw_count, bin_count)
        seed_weights = {drawn: draw_weights(rng, draw_count, len(drawn)) for drawn, rng in seeds.items()}
        for metric in metrics:
            for column, group in enumerate(groups):
                by_seed = [score_resamples(metric, one, weights) for one in group.predictions]
                scores[metric][rows, column] = (np.stack(by_seed, axis=1) * seed_weights[group.seeds]).sum(
                    axis=1
                )
    return scores


def _chunks(resamples: int, bin_count: int) -> Iterator[slice]:
    step = max(1, _WEIGHTS_AT_ONCE // bin_count)
    for start in range(0, resamples, step):
        yield slice(start, min(start + step, resamples))


def draw_weights(rng: np.random.Generator, draws: int, size: int) -> Floats:
    """Draw `size` of `size` things with replacement, `draws` times.

    Returns:
        Fraction of each thing in each draw, shape (draws, size).
    """
    picked = rng.integers(size, size=(draws, size)) + size * np.arange(draws)[:, None]
    return np.bincount(picked.ravel(), minlength=draws * size).reshape(draws, size) / size


def find_interval(values: Floats) -> tuple[float, float]:
    """Return the percentiles that hold the middle 95 % of resamples, from shape (R,)."""
    tail = 100 * (1 - LEVEL) / 2
    lower, upper = np.percentile(values, [tail, 100 - tail])
    return float(lower), float(upper)


def compare_pair(metric: str, observed: tuple[float, float], resampled: tuple[Floats, Floats]) -> Difference:
    """Compare two groups that were scored on the same resamples.

    Args:
        metric: Its name.
        observed: The score of each.
        resampled: The scores of each in R resamples, two of shape (R,).

    >>> compare_pair("rmse", (1.0, 1.5), (np.array([1.0, 1.0]), np.array([1.5, 1.5])))
    Difference(metric='rmse', value=-0.5, lower=-0.5, upper=-0.5, share_better=1.0)
    """
    gap = np.round(resampled[0] - resampled[1], _DIGITS)
    better = gap if LOGGED_METRICS[metric] == "max" else -gap
    lower, upper = find_interval(gap)
    share = float(np.mean(better > 0) + np.mean(better == 0) / 2)
    return Difference(metric, round(observed[0] - observed[1], _DIGITS), lower, upper, share)
