"""Costs of recounts against costs of missed wrong records.

A recount costs 1, a wrong record that is not recounted costs the ratio; a recount always finds what is there.
All costs are of one bin: with `n` recounts of `N` bins and `f` of `k` wrong records found, they are
`(n + ratio * (k - f)) / N`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from binrecon.calibration.arrays import Floats, Ints
from binrecon.reconcile.evaluate.inject import Changes

RATIOS: Floats = np.round(np.logspace(0, 3, 25), 1)
"""Costs of a miss in recounts: from 1 to 1,000."""


class Costs(NamedTuple):
    """Costs of a bin at each of the `RATIOS`, each of shape (25,).

    Attributes:
        none: Of recounting nothing.
        everything: Of recounting every bin.
        best: Each ranker to the cost of the budget that would have been the best on average.
        decided: Of recounting where the variance probability says that it pays, as `budget=1:RATIO` does.
    """

    none: Floats
    everything: Floats
    best: Mapping[str, Floats]
    decided: Floats


def find_costs(gains: Mapping[str, Floats], chances: Floats, recorded: Ints, changes: Changes) -> Costs:
    """Work out what each way to decide costs, the mean over draws.

    Args:
        gains: Each ranker to the wrong records found after m recounts, shape (N + 1,).
        chances: Variance probability of each bin for each count, shape (N, C).
        recorded: Class that each record says before any change, shape (N,).
        changes: Which records are wrong, k in each of D draws.
    """
    bin_count, wrong = len(recorded), changes.bins.shape[1]
    recounts, found = count_decided(chances, recorded, changes)
    return Costs(
        none=RATIOS * wrong / bin_count,
        everything=np.ones(len(RATIOS)),
        best={name: _find_best(found_after, wrong) / bin_count for name, found_after in gains.items()},
        decided=(recounts + RATIOS * (wrong - found)) / bin_count,
    )


def _find_best(found_after: Floats, wrong: int) -> Floats:
    recounts = np.arange(len(found_after))
    return np.array([(recounts + ratio * (wrong - found_after)).min() for ratio in RATIOS])


def count_decided(chances: Floats, recorded: Ints, changes: Changes) -> tuple[Floats, Floats]:
    """Count recounts and finds where every bin is recounted that pays, the means over draws, shape (25,)."""
    thresholds = 1 / RATIOS
    before = np.sort(chances[np.arange(len(recorded)), recorded])
    former = np.sort(chances[changes.bins, recorded[changes.bins]].ravel())
    after = np.sort(chances[changes.bins, changes.classes].ravel())

    def count_reached(ordered: Floats) -> Floats:
        return (len(ordered) - np.searchsorted(ordered, thresholds)).astype(np.float64)

    found = count_reached(after) / len(changes.bins)
    return count_reached(before) - count_reached(former) / len(changes.bins) + found, found
