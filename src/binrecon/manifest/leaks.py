"""Count of evaluated bins of which another photo was trained on."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from binrecon.config.split_words import Split
from binrecon.manifest.groups import MAX_ID_DISTANCE, place_in_series
from binrecon.manifest.schema import Manifest

_JUDGING: tuple[Split, ...] = ("val", "test")


@dataclass(frozen=True)
class SplitLeak:
    """Bins of one split that training has seen in part.

    Args:
        split: `val` or `test`.
        bins: Its usable bins.
        related_bins: Those of them that have a usable training bin in their group or, without records, at
            most `MAX_ID_DISTANCE` ids away.
        is_exact: Whether records told which bins are related. If not, `related_bins` is the most that can be
            related directly; those related only through a third bin that does not train are not counted.
    """

    split: Split
    bins: int
    related_bins: int
    is_exact: bool

    @property
    def share(self) -> float:
        """Part of the bins that are related, from 0 to 1."""
        return self.related_bins / self.bins


def count_leaks(manifest: Manifest) -> list[SplitLeak]:
    """Count, for each split that holds bins to judge on, those that are related to training bins."""
    is_usable = manifest.table["split"].is_valid()
    lacks_record = pc.any(pc.and_(is_usable, manifest.table["items"].is_null())).as_py()
    columns = ["bin_id", "group"]
    train = manifest.select_rows("train", columns)
    leaks = []
    for split in _JUDGING:
        judged = manifest.select_rows(split, columns)
        if len(judged):
            related = _count_neighbours(judged, train) if lacks_record else _count_members(judged, train)
            leaks.append(SplitLeak(split, len(judged), related, not lacks_record))
    return leaks


def _count_members(judged: pa.Table, train: pa.Table) -> int:
    """Count the bins whose group has a training bin."""
    return int(pc.sum(pc.is_in(judged["group"], value_set=train["group"])).as_py())


def _count_neighbours(judged: pa.Table, train: pa.Table) -> int:
    """Count the bins that have a training bin within reach in their series."""
    places = place_in_series(judged["bin_id"])
    places = places[places >= 0]
    taken = np.sort(place_in_series(train["bin_id"]))
    before = np.searchsorted(taken, places - MAX_ID_DISTANCE, side="left")
    after = np.searchsorted(taken, places + MAX_ID_DISTANCE, side="right")
    return int((after > before).sum())
