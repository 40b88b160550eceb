import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.unit.features.conftest import MakeStore, fill, name_rows

from binrecon.features import FeatureStore
from binrecon.features.row_table import RowTable
from binrecon.features.rows import BLOCK_ROWS


@pytest.fixture
def store(make_store: MakeStore) -> FeatureStore:
    """Three blocks of other numbers each."""
    store = make_store()
    for count in (1, 2, 3):
        fill(store, name_rows(count * BLOCK_ROWS), float(count))
    return store


def find_damaged(store: FeatureStore) -> list[int]:
    table = store.open()
    damaged = [block.number for block in table.find_damaged(table.rows.blocks)]
    assert [block.number for block in table.find_damaged(table.rows.blocks, reads_all=True)] == damaged
    return damaged


def test_find_damaged__none(store: FeatureStore) -> None:
    assert find_damaged(store) == []


def test_find_damaged__every_bit_counts(store: FeatureStore) -> None:
    path = store.folder / "features.bin"
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for position in rng.integers(len(content), size=20).tolist():
        changed = bytearray(content)
        changed[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        assert find_damaged(store) == [position // (BLOCK_ROWS * 12)]


def test_find_damaged__features_of_another_block(store: FeatureStore) -> None:
    path = store.folder / "features.bin"
    content, size = path.read_bytes(), BLOCK_ROWS * 12
    path.write_bytes(content[size : 2 * size] + content[:size] + content[2 * size :])
    assert find_damaged(store) == [0, 1]


def test_find_damaged__hashes_move_along_with_the_features(store: FeatureStore) -> None:
    """Bytes and hash agree, but they are those of other photos."""
    for name, size in (("features.bin", BLOCK_ROWS * 12), ("blocks.bin", 32)):
        path = store.folder / name
        content = path.read_bytes()
        path.write_bytes(content[size : 2 * size] + content[:size] + content[2 * size :])
    assert find_damaged(store) == [0, 1]


def test_find_damaged__all_files_of_another_store(store: FeatureStore, make_store: MakeStore) -> None:
    other = make_store(weights_hash="x")
    for count in (1, 2, 3):
        fill(other, name_rows(count * BLOCK_ROWS), -1.0)
    for name in ("features.bin", "blocks.bin"):
        shutil.copy(other.folder / name, store.folder / name)
    assert find_damaged(store) == [0, 1, 2]


def test_find_damaged__photos_in_another_order(store: FeatureStore) -> None:
    """Rows that are whole in themselves, and sealed, but give every photo another one's features."""
    rows = store.open().rows
    table = rows._table
    reversed_keys = table.set_column(0, "key", table["key"].take(list(reversed(range(len(table))))))
    RowTable(reversed_keys).write(store.folder / "rows.parquet", f"rows of {store.fingerprint.key}")
    assert find_damaged(store) == [0, 1, 2]


def test_find_damaged__reads_once_while_the_file_is_the_same(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_damaged(store) == []
    table = store.open()
    with monkeypatch.context() as patch:
        patch.setattr("binrecon.features.table.hash_block", None)
        patch.setattr("binrecon.features.table.is_sum_of", None)
        assert table.find_damaged(table.rows.blocks) == []
        with pytest.raises(TypeError):
            table.find_damaged(table.rows.blocks, reads_all=True)
    path = store.folder / "features.bin"
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    assert find_damaged(store) == [0]


def test_features__are_not_written_to(store: FeatureStore) -> None:
    with pytest.raises(ValueError, match="read-only"):
        store.open().features[0] = 0


def test_open__empty(tmp_path: Path, make_store: MakeStore) -> None:
    table = make_store(weights_hash="none").open()
    assert table.features.shape == (0, 3)
    assert table.find_damaged([]) == []
