"""Wrong records found after each recount, from none to all bins."""

import numpy as np

from binrecon.calibration.arrays import Floats, Ints
from binrecon.reconcile.evaluate.inject import Changes
from binrecon.reconcile.evaluate.places import find_places


def find_gains(levels: Ints, recorded: Ints, changes: Changes) -> Floats:
    """Average over draws how many wrong records are found by the first m recounts.

    Args:
        levels: Suspicion of each bin for each count, shape (N, C).
        recorded: Class that each record says before any change, shape (N,).
        changes: Which records are wrong in each draw.

    Returns:
        For m = 0 to N, shape (N + 1,); equally suspicious bins are recounted in random order.
    """
    bin_count = len(recorded)
    places = find_places(levels, recorded, changes, np.arange(bin_count))
    above, level = places.above.ravel(), places.level.ravel()
    steps = np.bincount(above, 1 / level, bin_count + 1) - np.bincount(
        above + level, 1 / level, bin_count + 1
    )
    found = np.concatenate([[0.0], np.cumsum(np.cumsum(steps)[:bin_count])])
    return found / len(changes.bins)
