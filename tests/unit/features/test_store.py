import errno
import os
import re
from pathlib import Path

import numpy as np
import pytest
from tests.unit.features.conftest import MakeStore, name_photos, name_rows

from binrecon.errors import FeatureStoreError
from binrecon.features.rows import BLOCK_ROWS, Block, RowKey
from binrecon.features.store import FeatureStore, read_fingerprint


def fill(store: FeatureStore, block: Block, value: float = 1.0) -> np.ndarray:
    features = np.full((block.stop - block.start, 3), value, np.float32)
    store.write_block(block, features)
    return features


def test_add_rows__in_blocks(make_store: MakeStore) -> None:
    store = make_store()
    keys = name_rows(BLOCK_ROWS + 5)
    assert store.add_rows([*reversed(keys), keys[0]]) == BLOCK_ROWS + 5
    assert store.list_keys() == keys
    assert store.list_blocks() == [Block(0, 0, BLOCK_ROWS), Block(1, BLOCK_ROWS, BLOCK_ROWS + 5)]
    assert store.open().shape == (BLOCK_ROWS + 5, 3)


def test_add_rows__views_of_a_photo_are_neighbours(make_store: MakeStore) -> None:
    store = make_store()
    plain, mirrored = RowKey("a", 0), RowKey("a", 1)
    store.add_rows([RowKey("b", 0), mirrored, plain])
    assert store.list_keys() == [plain, mirrored, RowKey("b", 0)]


def test_add_rows__nothing_at_all(make_store: MakeStore) -> None:
    store = make_store()
    assert store.add_rows([]) == 0
    assert store.list_blocks() == []


def test_add_rows__new_ones_come_behind_and_old_ones_stay(make_store: MakeStore) -> None:
    store = make_store()
    store.add_rows(name_rows(3, first=10))
    (block,) = store.list_blocks()
    kept = fill(store, block)
    assert store.add_rows(name_rows(12)) == 10
    first, second = store.list_blocks()
    assert (first, second) == (Block(0, 0, 3), Block(1, 3, 13))
    assert store.list_undone_blocks() == [second]
    fill(store, second)
    assert store.find_rows(name_photos(12), view=0).tolist() == [*range(3, 13), 0, 1]
    assert np.array_equal(store.open()[:3], kept)


def test_add_rows__a_block_that_another_run_has_begun(make_store: MakeStore) -> None:
    """Only a part of its photos is at hand here: that part gets rows of its own, and the other run goes on."""
    store = make_store()
    store.add_rows(name_rows(4))
    (theirs,) = store.list_blocks()
    assert store.add_rows(name_rows(3)) == 3
    ours = store.list_blocks()[1]
    fill(store, ours)
    assert store.find_rows(name_photos(4), view=0).tolist() == [4, 5, 6, -1]
    fill(store, theirs)
    assert store.find_rows(name_photos(4), view=0).tolist() == [0, 1, 2, 3]
    assert store.add_rows(name_rows(4)) == 0


def test_find_rows__only_what_is_done(make_store: MakeStore) -> None:
    store = make_store()
    assert store.find_rows(name_photos(1), view=0).tolist() == [-1]
    store.add_rows(name_rows(2))
    assert store.find_rows(name_photos(2), view=0).tolist() == [-1, -1]
    fill(store, store.list_blocks()[0])
    assert store.find_rows(["no such photo", name_photos(2)[1]], view=0).tolist() == [-1, 1]
    assert store.find_rows(name_photos(2), view=1).tolist() == [-1, -1]


def test_write_block__in_half_the_space(make_store: MakeStore) -> None:
    store = make_store(dtype="float16")
    store.add_rows(name_rows(2))
    store.write_block(store.list_blocks()[0], np.array([[1, 2, 1 / 3], [4, 5, 6]], np.float32))
    assert (store.folder / "features.bin").stat().st_size == 2 * 3 * 2
    assert store.open()[0].tolist() == [1, 2, float(np.float16(1 / 3))]


@pytest.mark.parametrize("value", [1e5, float("nan")])
def test_write_block__feature_that_does_not_fit(make_store: MakeStore, value: float) -> None:
    store = make_store(dtype="float16")
    store.add_rows(name_rows(2))
    (block,) = store.list_blocks()
    message = (
        f"a feature of net is not a finite float16 (the largest is {value:g}); use features.dtype=float32"
    )
    with pytest.raises(FeatureStoreError, match=f"^{re.escape(message)}$"):
        fill(store, block, value)
    assert not store.is_done(block)


def test_write_block__wrong_shape(make_store: MakeStore) -> None:
    store = make_store()
    store.add_rows(name_rows(4))
    with pytest.raises(
        ValueError, match=r"^Block\(number=0, start=0, stop=4\) takes 4 rows, got shape \(3, 3\)$"
    ):
        store.write_block(store.list_blocks()[0], np.zeros((3, 3)))


def test_is_sound__finds_a_flipped_bit(make_store: MakeStore) -> None:
    store = make_store()
    store.add_rows(name_rows(4))
    (block,) = store.list_blocks()
    fill(store, block)
    assert store.is_sound(block)
    path = store.folder / "features.bin"
    content = bytearray(path.read_bytes())
    content[17] ^= 1
    path.write_bytes(content)
    assert not store.is_sound(block)
    store.forget(block)
    assert not store.is_done(block)


def test_add_rows__full_disk(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    store = make_store()
    message = (
        f"cache_dir: the features in '{store.folder}' cannot be written (No space left on device); free space "
        "there, name another folder with cache_dir=PATH, or train with features=live"
    )
    with pytest.raises(FeatureStoreError, match=f"^{re.escape(message)}$"):
        store.add_rows(name_rows(4))
    monkeypatch.undo()
    assert store.add_rows(name_rows(4)) == 4


def test_fingerprint__whatever_differs_is_another_store(make_store: MakeStore) -> None:
    changes = [
        {},
        {"weights_hash": "x"},
        {"image_size": 64},
        {"resize": "pad"},
        {"engine": "x"},
        {"precision": "x"},
        {"dtype": "float16"},
    ]
    assert len({make_store(**change).folder for change in changes}) == len(changes)


def test_read_fingerprint(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store()
    store.add_rows(name_rows(2))
    assert read_fingerprint(store.folder) == store.fingerprint
    assert read_fingerprint(tmp_path) is None
