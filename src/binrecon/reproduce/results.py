"""From the finished runs of a row to its numbers: means and spreads over seeds, intervals, the majority."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median, stdev

import numpy as np

from binrecon.compare.bootstrap import Seeded, find_interval, resample_groups
from binrecon.compare.scores import Predictions, score
from binrecon.config.split_words import SPLITS, Split
from binrecon.errors import ComparisonError
from binrecon.published.rows import PublishedRow
from binrecon.reproduce.comparability import Assessment, assess, list_remarks
from binrecon.reproduce.finished import FinishedRun

RESAMPLES = 2000
"""Draws of the bootstrap: an end of an interval is known to about a twentieth of its width."""

_ALWAYS = ("accuracy", "rmse")
"""Metrics that are shown wherever there are predictions."""


@dataclass(frozen=True)
class Number:
    """One metric on one split.

    Attributes:
        split: Bins that it was measured on.
        metric: Name of the metric.
        published: Published value; None where there is none.
        mean: Mean over seeds.
        deviation: Sample standard deviation over seeds; NaN for one seed.
        interval: 95 % interval of the mean over bins and seeds; None where there are no predictions.
        majority: Score of always answering the commonest training count; NaN where that is unknown.
    """

    split: Split
    metric: str
    published: float | None
    mean: float
    deviation: float
    interval: tuple[float, float] | None
    majority: float


@dataclass(frozen=True)
class RowResult:
    """Result of a row.

    Attributes:
        row: Published row.
        runs: Finished runs in order of their seeds; at least one.
        assessment: Whether they are comparable with it.
        numbers: Each metric on train, val and test.
        remarks: Remarks for the reader.
    """

    row: PublishedRow
    runs: tuple[FinishedRun, ...]
    assessment: Assessment
    numbers: tuple[Number, ...]
    remarks: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Median time of a run."""
        return median(run.run.seconds for run in self.runs)

    @property
    def epochs(self) -> int:
        """Epochs of a run."""
        return max(run.epochs for run in self.runs)

    @property
    def best_epochs(self) -> list[int]:
        """Best epoch of each seed."""
        return [run.run.best_epoch for run in self.runs]

    def count_photos(self, split: Split) -> int:
        """Count the bins of a split, of the seed that had the fewest."""
        return min(run.coverage.usable[split] for run in self.runs)


def compute_row(row: PublishedRow, runs: Sequence[FinishedRun]) -> RowResult:
    """Compute the numbers of a row.

    Args:
        row: Published row.
        runs: Finished runs, at least one.

    Raises:
        ComparisonError: If its seeds saw different bins.
    """
    _refuse_mixture(row, runs)
    published = {(item.split, item.metric): item.value for item in row.scores}
    numbers = []
    for split in SPLITS:
        wanted = {metric: value for (part, metric), value in published.items() if part == split}
        if split == "train":
            numbers += [_measure_training(runs, value) for value in wanted.values()]
        elif all(split in run.predictions for run in runs):
            numbers += _measure(runs, split, wanted)
    return RowResult(
        row, tuple(runs), assess(row, runs), tuple(numbers), (*row.caveats, *list_remarks(row, runs))
    )


def _refuse_mixture(row: PublishedRow, runs: Sequence[FinishedRun]) -> None:
    by_bins = {run.run.judged: run.run.path for run in runs}
    if len(by_bins) > 1:
        raise ComparisonError(
            f"the seeds of {row.name} saw different bins ({', '.join(map(str, by_bins.values()))}): photos "
            "came or went between them; remove the older ones, or begin anew with another output_root=PATH"
        )


def _measure_training(runs: Sequence[FinishedRun], published: float) -> Number:
    values = [run.train_accuracy for run in runs]
    return Number("train", "accuracy", published, fmean(values), _deviation(values), None, math.nan)


def _measure(runs: Sequence[FinishedRun], split: Split, wanted: Mapping[str, float]) -> list[Number]:
    metrics = list(dict.fromkeys((*_ALWAYS, *wanted)))
    predictions = tuple(run.predictions[split] for run in runs)
    seeded = Seeded(tuple(run.run.seed for run in runs), predictions)
    resampled = resample_groups([seeded], metrics, RESAMPLES, seed=0)
    majority = _answer_always(predictions[0], runs[0].run.majority_count)
    numbers = []
    for metric in metrics:
        values = [score(metric, one) for one in predictions]
        numbers.append(
            Number(
                split,
                metric,
                wanted.get(metric),
                fmean(values),
                _deviation(values),
                find_interval(resampled[metric][:, 0]),
                score(metric, majority),
            )
        )
    return numbers


def _deviation(values: Sequence[float]) -> float:
    return stdev(values) if len(values) > 1 else math.nan


def _answer_always(predictions: Predictions, count: int) -> Predictions:
    return replace(predictions, predicted=np.full_like(predictions.recorded, count))
