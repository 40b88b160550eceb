from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from binrecon.features import FeatureStore, Fingerprint, RowKey
from binrecon.features.rows import Block

MakeStore = Callable[..., FeatureStore]


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """Open a store of 3 features."""

    def make(**changes: object) -> FeatureStore:
        values = {"backbone": "net", "weights_hash": "w", "image_size": 32, "resize": "squash"}
        return FeatureStore(
            tmp_path / "features",
            Fingerprint(**{**values, "feature_count": 3, **changes}),  # type: ignore[arg-type]
        )

    return make


def name_photos(count: int, first: int = 0) -> list[str]:
    """Hashes of photos, in their order."""
    return [f"{number:064d}" for number in range(first, first + count)]


def name_rows(count: int, first: int = 0) -> list[RowKey]:
    """Rows of photos as they are, in their order."""
    return [RowKey(photo_hash, 0) for photo_hash in name_photos(count, first)]


def fill(store: FeatureStore, keys: Iterable[RowKey], value: float = 1.0) -> list[Block]:
    """Give every key a row, and write the blocks that are not done; return those."""
    with store.fill(keys) as filling:
        undone = filling.undone_blocks
        for block in undone:
            filling.write_block(block, np.full((block.stop - block.start, 3), value, np.float32))
    return undone


def list_undone(store: FeatureStore) -> list[Block]:
    """Blocks whose features are not there."""
    table = store.open()
    return [block for block in table.rows.blocks if not table.is_done[block.number]]


def list_keys(store: FeatureStore) -> list[RowKey]:
    """What the rows of a store are about, in their order."""
    table = store.open()
    return [key for block in table.rows.blocks for key in table.rows.keys_of(block)]
