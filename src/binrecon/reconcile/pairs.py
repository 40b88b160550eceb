"""Photos of one bin before and after a pick: did its content change by what the records say?"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from binrecon.calibration.arrays import Booleans, Floats, Ints
from binrecon.manifest.groups import MAX_ID_DISTANCE, find_groups, place_in_series


class Pairs(NamedTuple):
    """The neighbour of each of N bins.

    Args:
        partner: Row of the bin that shows the same bin at another time, shape (N,); -1 where none is known.
        change_probability: P(true change = recorded change), shape (N,); NaN without a partner.
    """

    partner: NDArray[np.int64]
    change_probability: Floats


def find_partners(bin_ids: pa.ChunkedArray, items: pa.ChunkedArray) -> NDArray[np.int64]:
    """Find for each bin the one before it in its group, or else the one after it.

    Bins of a group share a product, and their ids are at most two apart: mostly one bin before and after a
    pick (`manifest/groups.py`). Without items there are no groups.

    Args:
        bin_ids: Each once, sorted.
        items: The products of each; null or empty where none are known.

    Returns:
        Rows, shape (N,); -1 for a bin that stands alone.
    """
    partner = np.full(len(bin_ids), -1, np.int64)
    if len(bin_ids) == 0:
        return partner
    _, groups = np.unique(find_groups(bin_ids, items).to_numpy(), return_inverse=True)
    places = place_in_series(bin_ids)
    order = np.lexsort((places, groups))
    earlier, later = order[:-1], order[1:]
    is_pair = (groups[earlier] == groups[later]) & (places[later] - places[earlier] <= MAX_ID_DISTANCE)
    earlier, later = earlier[is_pair], later[is_pair]
    partner[earlier] = later
    partner[later] = earlier  # last, so that the bin before is preferred
    return partner


def compare_changes(partner: NDArray[np.int64], recorded: Ints, posteriors: Floats) -> Pairs:
    """Say how likely it is that a bin and its partner differ by what their records say.

    The two counts are taken for independent, given photos and records. They are not wholly: a record that was
    wrong before the pick is mostly wrong by as much after it, which this number does not notice.

    Args:
        partner: What `find_partners` returns.
        recorded: Recorded counts, shape (N,); those of bins without a posterior are not looked at.
        posteriors: P(true count | photo, record), shape (N, C); NaN for bins that are not judged.
    """
    found = np.full(len(partner), np.nan)
    is_judged: Booleans = np.asarray(~np.isnan(posteriors).any(axis=1))
    rows = np.flatnonzero((partner >= 0) & is_judged & is_judged[partner])
    change = np.asarray(recorded)[partner[rows]] - np.asarray(recorded)[rows]
    own, other = posteriors[rows], posteriors[partner[rows]]
    for value in np.unique(change).tolist():
        is_value = change == value
        found[rows[is_value]] = _shift_and_match(own[is_value], other[is_value], value)
    return Pairs(np.where(np.isnan(found), -1, partner), found)


def _shift_and_match(own: Floats, other: Floats, change: int) -> Floats:
    """Sum P(own = i) P(other = i + change) over i."""
    width = own.shape[1]
    if abs(change) >= width:
        return np.zeros(len(own))
    first, last = max(0, -change), width - max(0, change)
    return np.asarray((own[:, first:last] * other[:, first + change : last + change]).sum(axis=1))
