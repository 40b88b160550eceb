"""Variance probabilities of the recounted bins, to compare with what is found."""

import numpy as np

from binrecon.calibration.arrays import Floats, Ints
from binrecon.reconcile.evaluate.inject import Changes


def sum_expected_finds(chances: Floats, recorded: Ints, changes: Changes, flagged: Ints) -> Floats:
    """Sum up the variance probabilities of the first bins, as the report does before anyone walks.

    Args:
        chances: Variance probability of each bin for each count that its record may say, shape (N, C).
        recorded: Class that each record says before any change, shape (N,).
        changes: Which records are wrong, k in each of D draws.
        flagged: How many bins each of B budgets pays for, shape (B,).

    Returns:
        Expected finds, shape (D, B).
    """
    draws, wrong = changes.bins.shape
    before = chances[np.arange(len(recorded)), recorded]
    first = np.argsort(-before, kind="stable")[: int(flagged.max()) + wrong]  # what changes is replaced
    place = np.full(len(recorded), len(first))
    place[first] = np.arange(len(first))
    kept = np.tile(np.append(before[first], 0.0), (draws, 1))  # with a place for all that are not first
    np.put_along_axis(kept, place[changes.bins], 0.0, axis=1)
    after = chances[changes.bins, changes.classes]
    ordered = -np.sort(-np.concatenate([kept[:, :-1], after], axis=1), axis=1)
    return ordered.cumsum(axis=1)[:, flagged - 1]
