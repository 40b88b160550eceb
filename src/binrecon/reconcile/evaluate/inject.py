"""Wrong records, made of right ones: a share of recorded counts is changed, in ways that records do go wrong.

What a changed record says depends on the bin and on the kind of error:

- `off_by_one`, `off_by_two`: one or two items more or fewer, either as likely, where both are counts.
- `missing_sku`: the record lists one SKU that is not there, in the quantity of some SKU of some record; where
  quantities are unknown, any larger count is as likely.
- `swap`: the record is that of another bin, drawn at random among those with another count.

Every change changes the count: an error that leaves it as it is cannot be seen by counting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from binrecon.calibration.arrays import Floats, Ints
from binrecon.reconcile.evaluate.judged import JudgedBins

KINDS = ("off_by_one", "off_by_two", "missing_sku", "swap")
"""The kinds of error, in the words of the configuration."""


@dataclass(frozen=True)
class ErrorOdds:
    """The possible wrong records of each of N bins.

    Attributes:
        kinds: Probability of each of the `KINDS`, shape (N, 4); rows sum to 1.
        classes: Probability of each class given the kind, shape (N, 4, C); rows sum to 1, or to 0 where that
            kind cannot befall the bin. The bin's own class has 0.
    """

    kinds: Floats
    classes: Floats


class Changes(NamedTuple):
    """Records that are wrong, k in each of D draws, all of shape (D, k).

    Attributes:
        bins: Place of each bin among the judged ones.
        kinds: Place of its error among the `KINDS`.
        classes: Class of the count that its record says now.
    """

    bins: Ints
    kinds: Ints
    classes: Ints


def count_changes(rate: float, bins: int) -> int:
    """Return how many of some bins have a wrong record, at least one.

    >>> count_changes(0.01, 466), count_changes(0.001, 10)
    (5, 1)
    """
    return max(1, int(rate * bins + 0.5))


def find_odds(bins: JudgedBins, shares: Mapping[str, float]) -> ErrorOdds:
    """Work out what a wrong record of each bin may say.

    Args:
        bins: Whose records are right.
        shares: Share of each of the `KINDS` among the errors; they need not sum to 1.

    Raises:
        ValueError: If no kind has a share, or some bin can have no error of these kinds.
    """
    ways = (_step(bins, 1), _step(bins, 2), _list_a_sku_too_many(bins), _swap(bins))
    classes = _to_odds(np.stack(ways, axis=1) * bins.is_known)  # of other counts no bin is judged
    wanted = np.array([shares[kind] for kind in KINDS], np.float64)
    kinds = np.where(classes.any(axis=2), wanted, 0.0)
    total = kinds.sum(axis=1, keepdims=True)
    if (total <= 0).any():
        asked = ", ".join(f"{kind} {shares[kind]:g}" for kind in KINDS)
        raise ValueError(f"{int((total <= 0).sum())} of {len(bins)} bins can have no error of these: {asked}")
    return ErrorOdds(kinds / total, classes)


def _step(bins: JudgedBins, distance: int) -> Floats:
    """Return the odds of so many items more or fewer, shape (N, C)."""
    places = np.arange(bins.class_count)
    return _to_odds((np.abs(places - bins.recorded[:, None]) == distance).astype(np.float64))


def _swap(bins: JudgedBins) -> Floats:
    """Return the odds of another bin's count, shape (N, C)."""
    odds = np.tile(bins.count_shares, (len(bins), 1))
    odds[np.arange(len(bins)), bins.recorded] = 0
    return _to_odds(odds)


def _list_a_sku_too_many(bins: JudgedBins) -> Floats:
    """Return the odds of the items of one more SKU, shape (N, C)."""
    surplus = np.arange(bins.class_count) - bins.recorded[:, None]
    weights = np.ones(bins.class_count)
    if bins.item_quantities is not None:
        quantities = np.array([one for items in bins.item_quantities for one in items], np.int64)
        fitting = quantities[(quantities > 0) & (quantities < bins.class_count)]
        weights = np.bincount(fitting, minlength=bins.class_count).astype(np.float64)
    return _to_odds(np.where(surplus > 0, weights[np.maximum(surplus, 0)], 0.0))


def _to_odds(weights: Floats) -> Floats:
    """Scale rows to sum to 1; a row of zeros stays one."""
    total = weights.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(weights, total, out=np.zeros_like(weights), where=total > 0))


def draw_changes(
    rng: np.random.Generator, odds: ErrorOdds, draws: int, changed: int, sample: Sequence[int] | Ints
) -> Changes:
    """Make some records of a sample of the bins wrong, anew in each draw.

    Args:
        rng: Where chance comes from.
        odds: What a wrong record of each of the N bins may say.
        draws: D.
        changed: How many records of each draw are wrong, k.
        sample: Places of bins, a bin as often as it was sampled; in a draw, each is changed at most once.
    """
    places = np.asarray(sample)
    picked = np.stack([rng.choice(len(places), changed, replace=False, shuffle=False) for _ in range(draws)])
    bins = places[picked]
    kinds = _draw_column(rng, odds.kinds[bins])
    return Changes(bins, kinds, _draw_column(rng, odds.classes[bins, kinds]))


def _draw_column(rng: np.random.Generator, odds: Floats) -> Ints:
    """Draw a column by its odds, for each row of the last dimension."""
    reached = odds.cumsum(axis=-1)
    drawn = rng.random(odds.shape[:-1])[..., None] * reached[..., -1:]  # sums are 1 but for rounding
    return np.asarray((reached <= drawn).sum(axis=-1))
