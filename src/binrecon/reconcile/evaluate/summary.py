"""The draws of one ranker to the scores that are reported, with their intervals over other bins."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from binrecon.calibration.arrays import Floats
from binrecon.reconcile.evaluate.scores import Tally

LEVEL = 0.95


class Summary(NamedTuple):
    """Scores over D draws, for B budgets.

    Attributes:
        precision: Share of recounts that find a wrong record, shape (B,).
        recall: Share of the wrong records that are found, shape (B,).
        lift: Precision over the share of wrong records, which is what random recounts find, shape (B,).
        average_precision: Mean over the draws that have a wrong record, shape ().
        aurc: Mean over draws, shape ().
        augrc: Mean over draws, shape ().
    """

    precision: Floats
    recall: Floats
    lift: Floats
    average_precision: Floats
    aurc: Floats
    augrc: Floats


def summarise(tally: Tally) -> Summary:
    """Average over draws; shares are those of all draws together. NaN where there is nothing to share."""
    found, flagged = tally.found.sum(axis=0), tally.flagged.sum(axis=0)
    precision = _divide(found, flagged)
    wrong = np.full(found.shape, tally.wrong.sum(), np.float64)
    return Summary(
        precision=precision,
        recall=_divide(found, wrong),
        lift=_divide(precision, wrong / max(1, tally.size.sum())),
        average_precision=_mean(tally.average_precision),
        aurc=_mean(tally.aurc),
        augrc=_mean(tally.augrc),
    )


def stack_summaries(summaries: Sequence[Summary]) -> Summary:
    """Put the summaries of R resamples on top of each other: shapes (R, B) and (R,)."""
    return Summary(*(np.stack(parts) for parts in zip(*summaries, strict=True)))


def find_interval(resampled: Floats) -> tuple[float, float]:
    """Return the percentiles that hold the middle 95 % of resamples, from shape (R,); NaN are left out."""
    values = resampled[~np.isnan(resampled)]
    if not len(values):
        return float("nan"), float("nan")
    lower, upper = np.percentile(values, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return float(lower), float(upper)


def _mean(values: Floats) -> Floats:
    """Average what is not NaN; NaN if nothing is left."""
    kept = values[~np.isnan(values)]
    return np.asarray(kept.mean() if len(kept) else np.nan)


def _divide(numerator: Floats, denominator: Floats) -> Floats:
    """Divide, NaN by zero."""
    blank = np.full(numerator.shape, np.nan)
    return np.asarray(np.divide(numerator, denominator, out=blank, where=denominator > 0))
