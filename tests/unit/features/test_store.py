import errno
import multiprocessing
import os
import re
from pathlib import Path

import numpy as np
import pytest
from tests.unit.features.conftest import MakeStore, name_photos

from binrecon.errors import FeatureStoreError
from binrecon.features.store import BLOCK_ROWS, Block, BlockClaims, FeatureStore, read_fingerprint


def fill(store: FeatureStore, block: Block, value: float = 1.0) -> np.ndarray:
    features = np.full((block.stop - block.start, 2, 3), value, np.float32)
    store.write_block(block, features)
    return features


def test_add_photos__rows_in_blocks(make_store: MakeStore) -> None:
    store = make_store()
    photos = name_photos(BLOCK_ROWS + 5)
    assert store.add_photos([*reversed(photos), photos[0]]) == BLOCK_ROWS + 5
    assert store.list_photo_hashes() == photos
    assert store.list_blocks() == [Block(0, 0, BLOCK_ROWS), Block(1, BLOCK_ROWS, BLOCK_ROWS + 5)]
    assert store.open().shape == (BLOCK_ROWS + 5, 2, 3)


def test_add_photos__nothing_at_all(make_store: MakeStore) -> None:
    store = make_store()
    assert store.add_photos([]) == 0
    assert store.list_blocks() == []


def test_add_photos__new_ones_come_behind_and_old_ones_stay(make_store: MakeStore) -> None:
    store = make_store()
    store.add_photos(name_photos(3, first=10))
    (block,) = store.list_blocks()
    kept = fill(store, block)
    assert store.add_photos(name_photos(12)) == 10
    assert store.list_blocks() == [Block(0, 0, 3), Block(1, 3, 13)]
    assert store.find_rows(name_photos(12)).tolist() == [*range(3, 13), 0, 1]
    assert np.array_equal(store.open()[:3], kept)
    assert store.is_done(block)
    assert not store.is_done(Block(1, 3, 13))


def test_add_photos__gives_up_a_block_that_cannot_be_finished(make_store: MakeStore) -> None:
    """Killed before the block was done, and one of its photos is gone: the others get new rows."""
    store = make_store()
    store.add_photos(name_photos(4))
    assert store.add_photos(name_photos(3)) == 3
    assert store.find_rows(name_photos(4)).tolist() == [4, 5, 6, -1]


def test_find_rows__unknown_photo(make_store: MakeStore) -> None:
    store = make_store()
    store.add_photos(name_photos(2))
    assert store.find_rows(["no such photo", name_photos(2)[1]]).tolist() == [-1, 1]


def test_write_block__wrong_shape(make_store: MakeStore) -> None:
    store = make_store()
    store.add_photos(name_photos(4))
    with pytest.raises(
        ValueError, match=r"^Block\(number=0, start=0, stop=4\) takes 4 rows, got shape \(3, 2, 3\)$"
    ):
        store.write_block(store.list_blocks()[0], np.zeros((3, 2, 3)))


def test_is_sound__finds_a_flipped_bit(make_store: MakeStore) -> None:
    store = make_store()
    store.add_photos(name_photos(4))
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


def test_add_photos__full_disk(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    store = make_store()
    message = (
        f"cache_dir: the features in '{store.folder}' cannot be written (No space left on device); free space "
        "there, name another folder with cache_dir=PATH, or train with features=live"
    )
    with pytest.raises(FeatureStoreError, match=f"^{re.escape(message)}$"):
        store.add_photos(name_photos(4))
    monkeypatch.undo()
    assert store.add_photos(name_photos(4)) == 4


def claim_and_die(store: FeatureStore, block: Block) -> None:
    with BlockClaims(store) as claims:
        os._exit(0 if claims.take(block) else 1)


def test_claims__one_process_at_a_time_and_freed_by_death(make_store: MakeStore) -> None:
    store = make_store()
    store.add_photos(name_photos(2))
    (block,) = store.list_blocks()
    context = multiprocessing.get_context("fork")

    def try_elsewhere() -> bool:
        process = context.Process(target=claim_and_die, args=(store, block))
        process.start()
        process.join()
        return process.exitcode == 0

    assert try_elsewhere()
    with BlockClaims(store) as claims:
        assert claims.take(block)  # the process that had it is dead
        assert not try_elsewhere()
        claims.release(block)
        assert try_elsewhere()


def test_fingerprint__whatever_differs_is_another_store(make_store: MakeStore) -> None:
    changes = [
        {},
        {"weights_hash": "x"},
        {"image_size": 64},
        {"resize": "pad"},
        {"view_count": 1},
        {"engine": "x"},
    ]
    assert len({make_store(**change).folder for change in changes}) == len(changes)


def test_read_fingerprint(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store()
    store.add_photos(name_photos(2))
    assert read_fingerprint(store.folder) == store.fingerprint
    assert read_fingerprint(tmp_path) is None
