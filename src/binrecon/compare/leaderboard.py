"""Ranked leaderboard of groups: means and spreads over seeds, and uncertainty of the differences."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, median, stdev

from binrecon.compare.bootstrap import Difference, Seeded, compare_pair, find_interval, resample_groups
from binrecon.compare.groups import Group
from binrecon.compare.judged import JudgedBins
from binrecon.compare.read import Run
from binrecon.config.metric_names import LOGGED_METRICS, RANKING_METRICS

SHOWN_METRICS = ("accuracy", "macro_f1", "rmse", "nll")
"""Metrics that a leaderboard shows besides the one that ranks it."""


@dataclass(frozen=True)
class Row:
    """A group's row.

    Attributes:
        group: Its runs.
        means: Mean over seeds of each metric.
        deviations: Sample standard deviation over seeds of each metric; NaN for one seed.
        intervals: 95 % interval of the mean of the shown metrics, over bins and seeds.
        seconds: Median over seeds of the time a run took: the first one often pays for features that all use.
        best_epochs: Of each seed.
    """

    group: Group
    means: Mapping[str, float]
    deviations: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    seconds: float
    best_epochs: tuple[int, ...]


@dataclass(frozen=True)
class Pair:
    """Two groups that were evaluated on the same bins, the better ranked one first."""

    first: Group
    second: Group
    difference: Difference


@dataclass(frozen=True)
class Leaderboard:
    """Result of a comparison.

    Attributes:
        metric: Metric that ranks.
        keys: The dotted keys that tell groups apart.
        rows: Best first.
        pairs: Every two groups of equal manifest, for each shown metric.
    """

    metric: str
    keys: tuple[str, ...]
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]

    @property
    def judged(self) -> tuple[JudgedBins, ...]:
        """The bins that the groups were evaluated on, in order of the best group of each."""
        return tuple(dict.fromkeys(row.group.judged for row in self.rows))

    @property
    def shown_metrics(self) -> tuple[str, ...]:
        """The metrics in the table, the one that ranks among them."""
        return shown_metrics(self.metric)

    def baselines(self) -> list[Run]:
        """Return a run for each majority answer, which depends on the fraction of training bins."""
        firsts: dict[tuple[JudgedBins, int], Run] = {}
        for judged in self.judged:
            for run in (row.group.runs[0] for row in self.rows if row.group.judged == judged):
                firsts.setdefault((judged, run.majority_count), run)
        return list(firsts.values())

    def pairs_of_best(self) -> list[Pair]:
        """Return the differences between each manifest's best group and its others, in the ranking metric."""
        bests = {
            judged: next(r.group for r in self.rows if r.group.judged == judged) for judged in self.judged
        }
        return [
            pair
            for pair in self.pairs
            if pair.first is bests[pair.first.judged] and pair.difference.metric == self.metric
        ]


def shown_metrics(metric: str) -> tuple[str, ...]:
    """Return the metrics of a table that is ranked by one of them.

    >>> shown_metrics("ece")
    ('ece', 'accuracy', 'macro_f1', 'rmse', 'nll')
    """
    return SHOWN_METRICS if metric in SHOWN_METRICS else (metric, *SHOWN_METRICS)


def build_leaderboard(
    groups: Sequence[Group], keys: Sequence[str], metric: str, resamples: int, seed: int
) -> Leaderboard:
    """Rank groups and compare every two of them.

    Args:
        groups: Those of one manifest predict the same bins in the same order.
        keys: Keys that tell them apart.
        metric: Metric that ranks.
        resamples: Draws of the bootstrap.
        seed: Seed of the draws.
    """
    ranked = rank_groups(groups, metric)
    metrics = shown_metrics(metric)
    by_judged: dict[JudgedBins, list[Group]] = defaultdict(list)
    for group in ranked:
        by_judged[group.judged].append(group)
    intervals: dict[int, dict[str, tuple[float, float]]] = {}
    pairs = []
    for together in by_judged.values():
        seeded = [Seeded(group.seeds, tuple(run.predictions for run in group.runs)) for group in together]
        scores = resample_groups(seeded, metrics, resamples, seed)
        for place, group in enumerate(together):
            intervals[id(group)] = {name: find_interval(scores[name][:, place]) for name in metrics}
        pairs += [
            Pair(
                together[first],
                together[second],
                compare_pair(
                    name,
                    (mean_over_seeds(together[first], name), mean_over_seeds(together[second], name)),
                    (scores[name][:, first], scores[name][:, second]),
                ),
            )
            for first, second in combinations(range(len(together)), 2)
            for name in metrics
        ]
    rows = tuple(_build_row(group, intervals[id(group)]) for group in ranked)
    return Leaderboard(metric, tuple(keys), rows, tuple(pairs))


def rank_groups(groups: Sequence[Group], metric: str) -> list[Group]:
    """Sort groups by their mean in the metric's better direction; those without a value come last."""

    def place(group: Group) -> tuple[bool, float]:
        mean = mean_over_seeds(group, metric)
        return math.isnan(mean), -mean if LOGGED_METRICS[metric] == "max" else mean

    return sorted(groups, key=place)


def mean_over_seeds(group: Group, metric: str) -> float:
    """Return the mean of a metric over the runs of a group; NaN if one has no value."""
    return fmean(run.scores[metric] for run in group.runs)


def deviation_over_seeds(group: Group, metric: str) -> float:
    """Return the sample standard deviation of a metric over the runs of a group; NaN for one run."""
    values = [run.scores[metric] for run in group.runs]
    return stdev(values) if len(values) > 1 and not any(map(math.isnan, values)) else math.nan


def _build_row(group: Group, intervals: Mapping[str, tuple[float, float]]) -> Row:
    return Row(
        group=group,
        means={name: mean_over_seeds(group, name) for name in RANKING_METRICS},
        deviations={name: deviation_over_seeds(group, name) for name in RANKING_METRICS},
        intervals=intervals,
        seconds=median(run.seconds for run in group.runs),
        best_epochs=tuple(run.best_epoch for run in group.runs),
    )
