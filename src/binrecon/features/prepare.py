"""From the photos that a run needs to their features: whatever is missing or damaged is computed first."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from binrecon.errors import DamagedCacheError, FeatureStoreError
from binrecon.features.rows import RowKey
from binrecon.features.store import FeatureStore
from binrecon.features.table import FeatureTable

MAX_ROUNDS = 10
"""Two are usual: compute, and check. More are needed only where something goes on damaging the store."""


class WantedViews(NamedTuple):
    """Photos whose features are needed.

    Args:
        photo_hashes: SHA-256 of each photo.
        bin_ids: For each photo a bin that has it.
        view_count: Views of each photo.
    """

    photo_hashes: Sequence[str]
    bin_ids: Sequence[str]
    view_count: int


def prepare_features(
    store: FeatureStore,
    wanted: Sequence[WantedViews],
    compute: Callable[[Mapping[RowKey, str]], int],
    is_quiet: bool = False,
) -> tuple[FeatureTable, int]:
    """Open a store in which every wanted feature is there and is what was written.

    Other runs may fill, repair or remove the store at the same time. What this one has opened stays as it is.

    Args:
        store: Where the features are kept.
        wanted: What is needed.
        compute: Computes and keeps what is missing, given a bin for each; returns how many rows it computed.
        is_quiet: Whether to show no progress.

    Returns:
        The features, and how many rows were computed here.

    Raises:
        FeatureStoreError: If the store cannot be read or written, or is damaged again and again.
    """
    computed = 0
    for _ in range(MAX_ROUNDS):
        table = store.open()
        missing, used = _look_up(table, wanted)
        if damaged := table.find_damaged([table.rows.blocks[number] for number in used], is_quiet):
            store.forget_damaged(damaged)
        elif not missing:
            return table, computed
        else:
            try:
                computed += compute(missing)
            except DamagedCacheError as damage:
                store.rebuild(damage)
    raise FeatureStoreError(
        f"cache_dir: the features in '{store.folder}' are damaged or removed as soon as they are written; "
        "check the disk, name another folder with cache_dir=PATH, or train with features=live"
    )


def find_missing(table: FeatureTable, wanted: Sequence[WantedViews]) -> dict[RowKey, str]:
    """Map each photo and view that is wanted and not there to a bin with the photo."""
    return _look_up(table, wanted)[0]


def _look_up(table: FeatureTable, wanted: Sequence[WantedViews]) -> tuple[dict[RowKey, str], list[int]]:
    """Return what is missing, and the numbers of the blocks that the rest is in."""
    missing: dict[RowKey, str] = {}
    is_used = np.zeros(len(table.rows.blocks), bool)
    for photo_hashes, bin_ids, view_count in wanted:
        for view in range(view_count):
            rows = table.find_rows(photo_hashes, view)
            is_used[table.rows.block_numbers[rows[rows >= 0]]] = True
            for index in np.flatnonzero(rows < 0).tolist():
                missing[RowKey(photo_hashes[index], view)] = bin_ids[index]
    return missing, np.flatnonzero(is_used).tolist()
