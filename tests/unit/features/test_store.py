import errno
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.unit.features.conftest import MakeStore, fill, list_keys, list_undone, name_photos, name_rows

from binrecon.errors import DamagedCacheError, FeatureStoreError
from binrecon.features.rows import BLOCK_ROWS, Block, RowKey
from binrecon.features.store import FeatureStore


def test_add_rows__in_blocks(make_store: MakeStore) -> None:
    store = make_store()
    keys = name_rows(BLOCK_ROWS + 5)
    assert store.add_rows([*reversed(keys), keys[0]]) == BLOCK_ROWS + 5
    assert list_keys(store) == keys
    assert store.open().rows.blocks == [Block(0, 0, BLOCK_ROWS), Block(1, BLOCK_ROWS, BLOCK_ROWS + 5)]
    assert store.open().features.shape == (BLOCK_ROWS + 5, 3)


def test_add_rows__views_of_a_photo_are_neighbours(make_store: MakeStore) -> None:
    store = make_store()
    plain, mirrored = RowKey("a", 0), RowKey("a", 1)
    store.add_rows([RowKey("b", 0), mirrored, plain])
    assert list_keys(store) == [plain, mirrored, RowKey("b", 0)]


def test_add_rows__nothing_at_all(make_store: MakeStore) -> None:
    store = make_store()
    assert store.add_rows([]) == 0
    assert len(store.open().rows) == 0


def test_add_rows__new_ones_come_behind_and_old_ones_stay(make_store: MakeStore) -> None:
    store = make_store()
    fill(store, name_rows(3, first=10), 5.0)
    assert store.add_rows(name_rows(12)) == 10
    assert store.open().rows.blocks == [Block(0, 0, 3), Block(1, 3, 13)]
    assert list_undone(store) == [Block(1, 3, 13)]
    fill(store, name_rows(12))
    table = store.open()
    assert table.find_rows(name_photos(12), view=0).tolist() == [*range(3, 13), 0, 1]
    assert (table.features[:3] == 5).all()


def test_add_rows__a_block_that_another_run_has_begun(make_store: MakeStore) -> None:
    """Only a part of its photos is at hand here: that part gets rows of its own, and the other run goes on."""
    store = make_store()
    store.add_rows(name_rows(4))
    with store.fill(name_rows(4)) as theirs:
        assert store.add_rows(name_rows(3)) == 3
        with store.fill(name_rows(3)) as ours:
            ours.write_block(ours.rows.blocks[1], np.ones((3, 3)))
        assert store.open().find_rows(name_photos(4), view=0).tolist() == [4, 5, 6, -1]
        theirs.write_block(theirs.rows.blocks[0], np.ones((4, 3)))
    assert store.open().find_rows(name_photos(4), view=0).tolist() == [0, 1, 2, 3]
    assert store.add_rows(name_rows(4)) == 0


def test_open__rows_that_are_done(make_store: MakeStore) -> None:
    store = make_store()
    assert store.open().find_rows(name_photos(1), view=0).tolist() == [-1]
    assert not store.folder.exists(), "looking makes nothing"
    store.add_rows(name_rows(2))
    assert store.open().find_rows(name_photos(2), view=0).tolist() == [-1, -1]
    fill(store, name_rows(2))
    assert store.open().find_rows(["no such photo", name_photos(2)[1]], view=0).tolist() == [-1, 1]
    assert store.open().find_rows(name_photos(2), view=1).tolist() == [-1, -1]


def test_open__what_others_do_later_does_not_reach_it(make_store: MakeStore) -> None:
    store = make_store()
    fill(store, name_rows(4), 7.0)
    table = store.open()
    store.rebuild(DamagedCacheError("'x' is gone"))
    fill(store, name_rows(9), 8.0)
    assert (table.features == 7).all()
    assert table.find_damaged(table.rows.blocks) == []
    assert table.find_rows(name_photos(9), view=0).tolist() == [0, 1, 2, 3, *[-1] * 5]


def test_fill__of_a_store_that_is_made_anew_spoils_nothing(make_store: MakeStore) -> None:
    """What another process found damaged is written to the files that it had open."""
    store = make_store()
    with store.fill(name_rows(4)) as old:
        store.rebuild(DamagedCacheError("'x' is gone"))
        fill(store, name_rows(3, first=20), 2.0)
        old.write_block(old.rows.blocks[0], np.full((4, 3), 9.0))
    table = store.open()
    assert (table.features == 2).all()
    assert table.find_damaged(table.rows.blocks) == []


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garble(path: Path) -> None:
    path.write_bytes(bytes(reversed(path.read_bytes())))


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def block(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").touch()


DAMAGES = [cut, empty, garble, pipe, block, Path.unlink]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["rows.parquet", "blocks.bin", "features.bin", "fingerprint.json"])
def test_open__damaged(
    make_store: MakeStore, name: str, damage: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says so, and all is there again once what is missing is computed."""
    keys = name_rows(2 * BLOCK_ROWS)
    store = make_store()
    fill(store, keys)
    whole = {path.name: path.read_bytes() for path in store.folder.iterdir()}
    damage(store.folder / name)
    table = store.open()
    if damaged := table.find_damaged([one for one in table.rows.blocks if table.is_done[one.number]]):
        store.forget_damaged(damaged)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 1, said
    assert said[0].startswith(f"feature store '{store.folder}': ")
    fill(store, keys)
    assert {path.name: path.read_bytes() for path in store.folder.iterdir()} == whole
    store.open()
    assert capsys.readouterr().out == ""


def test_open__damaged_rows_say_what_it_costs(
    make_store: MakeStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store()
    fill(store, name_rows(4))
    empty(store.folder / "rows.parquet")
    assert len(store.open().rows) == 0
    assert capsys.readouterr().out == (
        f"feature store '{store.folder}': '{store.folder / 'rows.parquet'}' is empty; "
        "all of its features are computed anew\n"
    )


def test_open__lost_features_cost_their_blocks_alone(
    make_store: MakeStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store()
    fill(store, name_rows(2 * BLOCK_ROWS))
    cut(store.folder / "features.bin")
    assert store.open().is_done.tolist() == [True, False]
    assert capsys.readouterr().out == (
        f"feature store '{store.folder}': damaged: features.bin; restored, and what was lost is computed anew\n"
    )


def test_open__rows_of_another_store(make_store: MakeStore, capsys: pytest.CaptureFixture[str]) -> None:
    store, other = make_store(), make_store(weights_hash="x")
    fill(store, name_rows(4))
    fill(other, name_rows(4), 2.0)
    shutil.copy(other.folder / "rows.parquet", store.folder / "rows.parquet")
    assert len(store.open().rows) == 0
    assert "is not what was written; all of its features are computed anew" in capsys.readouterr().out


def test_forget_damaged__only_what_is_damaged(
    make_store: MakeStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store()
    fill(store, name_rows(3 * BLOCK_ROWS))
    path = store.folder / "features.bin"
    content = bytearray(path.read_bytes())
    content[BLOCK_ROWS * 12 + 17] ^= 1
    path.write_bytes(content)
    store.forget_damaged(store.open().rows.blocks)
    assert store.open().is_done.tolist() == [True, False, True]
    assert capsys.readouterr().out == (
        f"feature store '{store.folder}': 1 of 3 blocks are damaged; what is wanted of them is computed anew\n"
    )
    store.forget_damaged(store.open().rows.blocks)
    assert capsys.readouterr().out == "", "another process has done so already"


def test_open__removes_drafts_when_repaired(make_store: MakeStore) -> None:
    store = make_store()
    fill(store, name_rows(2))
    (store.folder / ".rows.parquet.12345678.draft").touch()
    store.add_rows(name_rows(2))
    assert not list(store.folder.glob(".*"))


def test_write__in_half_the_space(make_store: MakeStore) -> None:
    store = make_store(dtype="float16")
    with store.fill(name_rows(2)) as filling:
        filling.write_block(filling.rows.blocks[0], np.array([[1, 2, 1 / 3], [4, 5, 6]], np.float32))
    assert (store.folder / "features.bin").stat().st_size == 2 * 3 * 2
    assert store.open().features[0].tolist() == [1, 2, float(np.float16(1 / 3))]


@pytest.mark.parametrize("value", [1e5, float("nan")])
def test_write__feature_that_does_not_fit(make_store: MakeStore, value: float) -> None:
    store = make_store(dtype="float16")
    message = (
        f"a feature of net is not a finite float16 (the largest is {value:g}); use features.dtype=float32"
    )
    with pytest.raises(FeatureStoreError, match=f"^{re.escape(message)}$"):
        fill(store, name_rows(2), value)
    assert len(list_undone(store)) == 1


def test_write__wrong_shape(make_store: MakeStore) -> None:
    store = make_store()
    with (
        store.fill(name_rows(4)) as filling,
        pytest.raises(
            ValueError, match=r"^Block\(number=0, start=0, stop=4\) takes 4 rows, got shape \(3, 3\)$"
        ),
    ):
        filling.write_block(filling.rows.blocks[0], np.zeros((3, 3)))


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


def test_open__cannot_be_read(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store()
    fill(store, name_rows(4))

    def refuse(path: Path, _: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("binrecon.features.row_table.read_sealed", refuse)
    message = (
        f"cache_dir: the features in '{store.folder}' cannot be read (Permission denied); allow it, remove the "
        "folder, name another one with cache_dir=PATH, or train with features=live"
    )
    with pytest.raises(FeatureStoreError, match=f"^{re.escape(message)}$"):
        store.open()
    monkeypatch.undo()
    assert len(store.open().rows) == 4, "nothing was removed"


def test_open__in_the_place_of_a_file(tmp_path: Path, make_store: MakeStore) -> None:
    store = make_store()
    store.folder.parent.mkdir()
    store.folder.touch()
    with pytest.raises(
        FeatureStoreError, match=r"cannot be (read|written) \((Not a directory|File exists)\)"
    ):
        store.add_rows(name_rows(2))


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
    stores: list[FeatureStore] = [make_store(**change) for change in changes]
    assert len({store.folder for store in stores}) == len(changes)
