"""Plan of the bins of a synthetic source, before any is drawn: ids, counts, before/after pairs, faults."""

from dataclasses import dataclass, replace

import numpy as np

from binrecon.sources.synthetic.faults import Fault, choose_faults, choose_unpadded
from binrecon.sources.synthetic.options import FaultsConfig
from binrecon.sources.synthetic.skus import Rng

SMALL_COUNT_SHARES = (0.027, 0.114, 0.213, 0.250, 0.223, 0.173)
"""Shares of 0 to 5 items among the dataset's bins of at most 5 items."""

LARGER_COUNT_SHARE = 0.10
"""Share of bins of more than 5 items. The dataset has 0.33, most of them far beyond what can be drawn."""

UNPADDED_OFFSET = 10_000_000
"""Added to the number of an unpadded bin, so that its picture differs from that of its padded namesake."""

_STREAM = 1_000_033  # keeps these draws apart from those of the bins


@dataclass(frozen=True)
class PlannedBin:
    """One bin to draw.

    Attributes:
        number: With the seed of the source, the seed of its picture.
        is_after_pick: Whether it shows the bin of the number before, after one unit was taken out.
        photo_of: For a duplicate photo, the faultless bin whose photo it repeats.
        is_unpadded: Whether it has an unpadded id and the older record.
    """

    bin_id: str
    number: int
    item_count: int
    is_after_pick: bool = False
    fault: Fault | None = None
    photo_of: "PlannedBin | None" = None
    is_unpadded: bool = False


def get_count_shares(largest_count: int) -> np.ndarray:
    """Return the share of bins with 0 to `largest_count` items, shape (largest_count + 1,)."""
    small = np.array(SMALL_COUNT_SHARES[: largest_count + 1])
    small /= small.sum()
    tail_length = largest_count - 5
    if tail_length <= 0:
        return small
    tail = 0.7 ** np.arange(tail_length)
    return np.concatenate([small * (1 - LARGER_COUNT_SHARE), LARGER_COUNT_SHARE * tail / tail.sum()])


def plan_bins(
    bin_count: int, seed: int, largest_count: int, pair_fraction: float, faults: FaultsConfig
) -> list[PlannedBin]:
    """Plan the content of every bin. Numbering starts at 1; unpadded bins come last, on top of `bin_count`.

    A share of `pair_fraction` belongs to a before/after pair; a bin with a fault is in none.
    """
    chosen = choose_faults(faults, bin_count, seed)
    rng = np.random.default_rng([seed, _STREAM])
    before_shares, single_shares = _split_shares(get_count_shares(largest_count), pair_fraction)
    # One draw decides for two bins or for one: q pairs among n draws give 2q / (n + q) of the bins.
    pair_chance = pair_fraction / (2 - pair_fraction)
    planned: list[PlannedBin] = []
    number = 1
    while number <= bin_count:
        draw, point = rng.random(2)
        fits = number < bin_count and number not in chosen and number + 1 not in chosen
        if draw < pair_chance and fits:
            count = _pick(before_shares, point)
            planned.append(PlannedBin(f"{number:05d}", number, count))
            planned.append(PlannedBin(f"{number + 1:05d}", number + 1, count - 1, is_after_pick=True))
            number += 2
            continue
        fault = chosen.get(number)
        count = 0 if fault == Fault.EMPTY else _pick(single_shares, point)
        planned.append(PlannedBin(f"{number:05d}", number, count, fault=fault))
        number += 1
    return _plan_duplicates(planned, rng) + _plan_unpadded(faults, bin_count, seed, largest_count)


def _pick(shares: np.ndarray, point: float) -> int:
    """Return the count whose part of the range 0 to 1 holds `point`."""
    return min(int(np.searchsorted(np.cumsum(shares), point, side="right")), len(shares) - 1)


def _split_shares(shares: np.ndarray, pair_fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Find the shares of a pair's first bin and of single bins that together give `shares`.

    The first of a pair is never empty and the second has one item less, so single bins make up for both. Up
    to a `pair_fraction` of about a half they can; beyond, the largest counts come out a little rare.
    """
    before = shares.copy()
    before[0] = 0
    before /= before.sum()
    in_pairs = (before + np.append(before[1:], 0)) / 2
    singles = np.clip(shares - pair_fraction * in_pairs, 0, None)
    total = singles.sum()
    return before, singles / total if total > 0 else shares


def _plan_duplicates(planned: list[PlannedBin], rng: Rng) -> list[PlannedBin]:
    """Give each duplicate the faultless bin whose photo it shows."""
    sound = [entry for entry in planned if entry.fault is None]
    return [
        replace(entry, photo_of=sound[rng.integers(len(sound))])
        if entry.fault == Fault.DUPLICATE_PHOTO
        else entry
        for entry in planned
    ]


def _plan_unpadded(faults: FaultsConfig, bin_count: int, seed: int, largest_count: int) -> list[PlannedBin]:
    rng = np.random.default_rng([seed, _STREAM, 1])
    shares = get_count_shares(largest_count)
    return [
        PlannedBin(str(number), UNPADDED_OFFSET + number, _pick(shares, rng.random()), is_unpadded=True)
        for number in choose_unpadded(faults, bin_count, seed)
    ]
