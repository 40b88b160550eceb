"""Scores of a ranking: wrong records that it finds, in each of D draws.

Bins that are equally suspicious are taken in random order, and every score is its exact expectation over
those orders. Only average precision treats equals as one step, as scikit-learn does.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from binrecon.calibration.arrays import Floats, Ints
from binrecon.reconcile.evaluate.places import Places


class Tally(NamedTuple):
    """The scores of D draws, for B budgets.

    Attributes:
        size: Bins that were ranked, shape (D,).
        wrong: Those whose record is wrong, shape (D,).
        flagged: Bins that each budget pays for, shape (D, B).
        found: Wrong records among them, expected over ties, shape (D, B).
        average_precision: Shape (D,), NaN without a wrong record.
        aurc: Shape (D,), NaN without a bin.
        augrc: Shape (D,), NaN without a bin.
    """

    size: Ints
    wrong: Ints
    flagged: Ints
    found: Floats
    average_precision: Floats
    aurc: Floats
    augrc: Floats


def tally_draws(places: Places, budgets: Sequence[float]) -> Tally:
    """Score a ranking in each draw.

    Args:
        places: Of the wrong records.
        budgets: Shares of the bins that are recounted.
    """
    flagged = np.stack([count_flagged(budget, places.size) for budget in budgets], axis=1)
    return Tally(
        size=places.size,
        wrong=places.wrong,
        flagged=flagged,
        found=np.stack([find_within(places, paid) for paid in flagged.T], axis=1),
        average_precision=average_precision(places),
        aurc=aurc(places),
        augrc=augrc(places),
    )


def join_tallies(tallies: Sequence[Tally]) -> Tally:
    """Return the tally of all their draws."""
    return Tally(*(np.concatenate(parts) for parts in zip(*tallies, strict=True)))


def count_flagged(budget: float, size: Ints) -> Ints:
    """Return how many bins a share of them pays for, as `budget.choose` has it: rounded down, one at least.

    >>> count_flagged(0.005, np.array([466])), count_flagged(0.005, np.array([10, 0]))
    (array([2]), array([1, 0]))
    """
    return np.minimum(size, np.maximum(1, (budget * size + 1e-9).astype(np.int64)))


def find_within(places: Places, flagged: Ints) -> Floats:
    """Return how many wrong records are among so many first bins, shape (D,)."""
    return np.asarray(find_chances(places, flagged).sum(axis=1))


def find_chances(places: Places, flagged: Ints) -> Floats:
    """Return the chance of each wrong record to be among so many first bins, shape (D, k)."""
    chance = np.clip((flagged[:, None] - places.above) / places.level, 0, 1)
    return np.where(places.counts, chance, 0.0)


def average_precision(places: Places) -> Floats:
    """Return the average precision, shape (D,): precision at the place of each wrong record, averaged."""
    precision = (places.wrong_above + places.wrong_level) / (places.above + places.level)
    total = np.where(places.counts, precision, 0).sum(axis=1)
    return _divide(total, places.wrong)


def aurc(places: Places) -> Floats:
    """Return the area under the risk-coverage curve of confirming the least suspicious bins, shape (D,).

    The risk at a coverage of i bins is the share of wrong records among the i that are confirmed; the area is
    the mean over i = 1 .. N (Geifman & El-Yaniv 2017, arXiv:1705.08500).
    """
    size = places.size[:, None]
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, int(places.size.max(initial=0)) + 1))])
    sums = np.concatenate([[0.0], np.cumsum(harmonic)])

    def sum_to(place: Ints) -> Floats:
        """Sum over the first `place` bins from below what a wrong record there adds: 1/p + ... + 1/N."""
        return np.asarray(place * harmonic[size] - sums[place])

    first = np.where(places.counts, size - places.above - places.level, 0)
    last = np.where(places.counts, size - places.above, 0)
    added = (sum_to(last) - sum_to(first)) / places.level
    return _divide(np.where(places.counts, added, 0).sum(axis=1), places.size)


def augrc(places: Places) -> Floats:
    """Return the area under the generalized risk-coverage curve, shape (D,).

    The generalized risk at a coverage is the share of all bins that are confirmed and have a wrong record;
    the curve is taken straight between thresholds (Traub et al. 2024, arXiv:2407.01032). At random it is half
    the share of wrong records.
    """
    added = np.where(places.counts, places.above + places.level / 2, 0).sum(axis=1)
    return _divide(added, places.size.astype(np.float64) ** 2)


def _divide(numerator: Floats, denominator: Floats | Ints) -> Floats:
    """Divide, NaN by zero."""
    blank = np.full(len(numerator), np.nan)
    return np.asarray(np.divide(numerator, denominator, out=blank, where=denominator > 0))
