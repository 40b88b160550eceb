"""Whatever becomes of the files of a cache: the same numbers, or one error that a user can mend."""

import hashlib
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.damage import damage

from binrecon.errors import BinreconError
from binrecon.features import FeatureStore, Fingerprint, RowKey, WantedViews, prepare_features
from binrecon.reconcile.count_store import CountStore, PhotoCounts, find_missing, take_counts
from binrecon.reconcile.novelty import Novelty
from binrecon.reconcile.photo_reference import PhotoReference, _name_seal, _pack, _read
from binrecon.sealed_file import write_sealed
from binrecon.sources.s3.listing import Listing, read_listing, write_listing

CASES = 300
PHOTOS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(30)]


def make_features(keys: list[RowKey], scale: float) -> np.ndarray:
    """Features that only their photo and view have."""
    numbers = [[int(key.photo_hash[:6], 16) / 2**24 + key.view, scale, 1.0] for key in keys]
    return np.array(numbers, np.float32)


def compute_for(store: FeatureStore, scale: float) -> Callable[[Mapping[RowKey, str]], int]:
    def compute(missing: Mapping[RowKey, str]) -> int:
        with store.fill(missing) as filling:
            for block in filling.undone_blocks:
                keys = filling.rows.keys_of(block)
                if all(key in missing for key in keys):
                    filling.write_block(block, make_features(keys, scale))
        return len(missing)

    return compute


def test_feature_store__damaged_at_random(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every file, in every way, one or several at once, and those of another store of the same shape."""
    monkeypatch.setattr("binrecon.features.row_table.BLOCK_ROWS", 4)
    monkeypatch.setattr("os.fsync", lambda _: None)
    prints = [Fingerprint("net", weights, 32, "squash", 3) for weights in "ab"]
    whole, other = (FeatureStore(tmp_path / "whole", one) for one in prints)
    wanted = [WantedViews(PHOTOS, PHOTOS, 2)]
    for scale, store in enumerate((whole, other)):
        prepare_features(store, wanted, compute_for(store, scale))
        for name in ("lock", "claims"):
            (store.folder / name).touch()
    keys = [RowKey(photo, view) for view in range(2) for photo in PHOTOS]
    expected = make_features(keys, 0)
    store = FeatureStore(tmp_path / "store", prints[0])
    rng = random.Random(0)
    failed = 0
    for case in range(CASES):
        shutil.rmtree(store.folder, ignore_errors=True)
        shutil.copytree(whole.folder, store.folder)
        done = damage(store.folder, other.folder, rng)
        try:
            table, computed = prepare_features(store, wanted, compute_for(store, 0))
        except BinreconError:
            failed += 1
            continue
        rows = np.concatenate([table.find_rows(PHOTOS, view) for view in range(2)])
        assert np.array_equal(table.features[rows], expected), (case, done)
        said = capsys.readouterr().out
        assert computed == 0 or len(said.splitlines()) >= 1, (case, done)
        _, computed = prepare_features(store, wanted, compute_for(store, 0))
        assert computed == 0, (case, done)
        assert capsys.readouterr().out == "", (case, done)
    assert failed == 0, "a store that can be written can be repaired"


def test_feature_store__damaged_while_others_use_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run has opened and checked stays as it is while another finds the store damaged."""
    monkeypatch.setattr("binrecon.features.row_table.BLOCK_ROWS", 4)
    store = FeatureStore(tmp_path, Fingerprint("net", "a", 32, "squash", 3))
    wanted = [WantedViews(PHOTOS, PHOTOS, 1)]
    table, _ = prepare_features(store, wanted, compute_for(store, 0))
    expected = table.features.copy()
    for name in ("rows.parquet", "blocks.bin", "fingerprint.json"):
        (store.folder / name).write_bytes(b"damaged")
        prepare_features(store, wanted, compute_for(store, 0))
        assert np.array_equal(table.features, expected)


def test_counts__damaged_at_random(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)
    rng, draws = random.Random(0), np.random.default_rng(0)
    hashes = pa.array(PHOTOS)
    counts = PhotoCounts(*(draws.normal(size=shape).astype(np.float32) for shape in ((30, 6), 30)))
    whole, other = (CountStore(tmp_path / "whole", identity, 6) for identity in "ab")
    for start in range(0, 30, 10):
        whole.add(hashes[start : start + 10], PhotoCounts(*(one[start : start + 10] for one in counts)))
        other.add(hashes[start : start + 10], PhotoCounts(*(-one[start : start + 10] for one in counts)))
    store = CountStore(tmp_path / "store", "a", 6)
    for _ in range(CASES // 3):
        shutil.rmtree(store.folder, ignore_errors=True)
        shutil.copytree(whole.folder, store.folder)
        done = damage(store.folder, other.folder, rng)
        kept = store.load()
        is_there = np.ones(30, bool)
        is_there[find_missing(kept, pa.chunked_array([hashes]))] = False
        found = take_counts(kept, pa.chunked_array([hashes.filter(pa.array(is_there))]))
        for one, expected in zip(found, counts, strict=True):
            assert np.array_equal(one, expected[is_there]), done


def test_reference_and_listing__damaged_at_random(tmp_path: Path) -> None:
    rng, draws = random.Random(0), np.random.default_rng(0)
    arrays = [draws.normal(size=shape).astype(np.float32) for shape in (4, 4, (4, 2), 2, 9, 9, 9)]
    reference = PhotoReference(Novelty(*arrays[:4], 0.5), *arrays[4:])
    content = pa.table({"bin_id": PHOTOS, "size": list(range(30)), "etag": PHOTOS})
    listing = Listing({"photo": content, "record": content[:7]})
    for owner in ("whole", "other"):
        write_sealed(tmp_path / owner / "reference.npz", _pack(reference), _name_seal(owner))
        write_listing(listing, tmp_path / owner / "listing.parquet", tmp_path / "draft")
    folder = tmp_path / "folder"
    for _ in range(CASES // 3):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(tmp_path / "whole", folder)
        done = damage(folder, tmp_path / "other", rng)
        found = _read(folder / "reference.npz", "whole")
        if found is not None:
            assert _pack(found) == _pack(reference), done
        kept = read_listing(folder / "listing.parquet")
        if kept is not None:
            assert kept.tables["photo"].equals(content), done
            assert kept.tables["record"].equals(content[:7]), done
