import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from tests.unit.features.conftest import MakeStore, fill, name_photos, name_rows

from binrecon.errors import DamagedCacheError, FeatureStoreError
from binrecon.features import FeatureStore, RowKey, WantedViews, prepare_features
from binrecon.features.prepare import MAX_ROUNDS
from binrecon.features.rows import BLOCK_ROWS

WANTED = [WantedViews(name_photos(BLOCK_ROWS + 3), name_photos(BLOCK_ROWS + 3), 2)]


class Computing:
    """Writes 1s, and remembers how many rows it was asked for."""

    def __init__(self, store: FeatureStore) -> None:
        self.store = store
        self.asked: list[int] = []

    def __call__(self, missing: Mapping[RowKey, str]) -> int:
        self.asked.append(len(missing))
        fill(self.store, missing)
        return len(missing)


def test_prepare__computes_what_is_missing_once(make_store: MakeStore) -> None:
    compute = Computing(make_store())
    table, computed = prepare_features(compute.store, WANTED, compute)
    assert computed == 2 * (BLOCK_ROWS + 3)
    assert (table.find_rows(WANTED[0].photo_hashes, 1) >= 0).all()
    again, computed = prepare_features(compute.store, WANTED, compute)
    assert (computed, len(compute.asked)) == (0, 1)
    assert np.array_equal(again.features, table.features)


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 255
    path.write_bytes(content)


def test_prepare__a_damaged_block_is_computed_anew(
    make_store: MakeStore, capsys: pytest.CaptureFixture[str]
) -> None:
    compute = Computing(make_store())
    prepare_features(compute.store, WANTED, compute)
    flip(compute.store.folder / "features.bin", 11)
    table, computed = prepare_features(compute.store, WANTED, compute)
    assert computed == BLOCK_ROWS
    assert (table.features == 1).all()
    assert "1 of 3 blocks are damaged" in capsys.readouterr().out


def test_prepare__damage_where_nothing_is_wanted_is_not_looked_at(make_store: MakeStore) -> None:
    compute = Computing(make_store())
    fill(compute.store, name_rows(BLOCK_ROWS))
    fill(compute.store, name_rows(BLOCK_ROWS + 2))
    flip(compute.store.folder / "features.bin", 11)
    late = name_photos(2, first=BLOCK_ROWS)
    assert prepare_features(compute.store, [WantedViews(late, late, 1)], compute)[1] == 0


def test_prepare__blocks_that_are_gone_in_between_are_computed_anew(make_store: MakeStore) -> None:
    """Another run may forget or remove what this one has found or computed: it is no reason to end."""
    store = make_store()
    compute = Computing(store)
    rounds = []

    def lose(missing: Mapping[RowKey, str]) -> int:
        count = compute(missing)
        rounds.append(count)
        if len(rounds) < 4:
            store.rebuild(DamagedCacheError("'x' is gone"))
        return count

    table, computed = prepare_features(store, WANTED, lose)
    assert computed == sum(rounds) == 4 * 2 * (BLOCK_ROWS + 3)
    assert table.is_done.all()


def test_prepare__a_lost_network_costs_the_store(
    make_store: MakeStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store()
    compute = Computing(store)
    fill(store, name_rows(3), 9.0)

    def refuse_once(missing: Mapping[RowKey, str]) -> int:
        if not compute.asked:
            compute.asked.append(0)
            raise DamagedCacheError("'network' is not what was written")
        return compute(missing)

    table, computed = prepare_features(store, WANTED, refuse_once)
    assert computed == 2 * (BLOCK_ROWS + 3)
    assert (table.features == 1).all()
    assert (
        "'network' is not what was written; all of its features are computed anew" in capsys.readouterr().out
    )


def test_prepare__a_disk_that_keeps_nothing(make_store: MakeStore) -> None:
    store = make_store()
    compute = Computing(store)

    def spoil(missing: Mapping[RowKey, str]) -> int:
        count = compute(missing)
        flip(store.folder / "features.bin", 0)
        return count

    message = (
        f"cache_dir: the features in '{store.folder}' are damaged or removed as soon as they are written; check "
        "the disk, name another folder with cache_dir=PATH, or train with features=live"
    )
    with pytest.raises(FeatureStoreError, match=f"^{re.escape(message)}$"):
        prepare_features(store, WANTED, spoil)
    assert len(compute.asked) <= MAX_ROUNDS
