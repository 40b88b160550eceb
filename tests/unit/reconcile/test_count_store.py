from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from binrecon.errors import OutputError
from binrecon.reconcile.count_store import CountStore, PhotoCounts, find_missing, take_counts


def name(*numbers: int) -> pa.Array:
    return pa.array([f"hash {number}" for number in numbers])


def draw(count: int, seed: int = 0) -> PhotoCounts:
    values = np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)
    return PhotoCounts(values[:, :2], values[:, 2])


def test_count_store__keeps_what_it_was_given(tmp_path: Path) -> None:
    store = CountStore(tmp_path, "counter", 2)
    assert len(store.load()) == 0
    counts = draw(4)
    store.add(name(0, 1), PhotoCounts(*(column[:2] for column in counts)))
    store.add(name(2, 3), PhotoCounts(*(column[2:] for column in counts)))
    kept = CountStore(tmp_path, "counter", 2).load()
    wanted = pa.chunked_array([name(3, 0)])
    assert find_missing(kept, pa.chunked_array([name(3, 9, 0)])).tolist() == [1]
    found = take_counts(kept, wanted)
    np.testing.assert_array_equal(found.log_probabilities, counts.log_probabilities[[3, 0]])
    np.testing.assert_array_equal(found.novelty, counts.novelty[[3, 0]])


def test_count_store__another_counter_has_its_own(tmp_path: Path) -> None:
    CountStore(tmp_path, "counter", 2).add(name(0), draw(1))
    assert len(CountStore(tmp_path, "other", 2).load()) == 0


def test_count_store__damaged_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = CountStore(tmp_path, "counter", 2)
    store.add(name(0), draw(1))
    store.add(name(1), draw(1))
    first = min(store.folder.iterdir())
    first.write_bytes(first.read_bytes()[:-20])
    assert store.load()["photo_sha256"].to_pylist() == ["hash 1"]
    assert capsys.readouterr().out == (
        f"cache: '{first}' does not end with its seal, so its photos are counted anew\n"
    )
    store.load()
    assert capsys.readouterr().out == "", "it is said once"


def test_count_store__part_of_another_counter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, other = CountStore(tmp_path, "counter", 2), CountStore(tmp_path, "other", 2)
    other.add(name(0), draw(1))
    (part,) = other.folder.iterdir()
    store.folder.mkdir()
    part.rename(store.folder / part.name)
    assert len(store.load()) == 0
    assert "is not what was written, so its photos are counted anew" in capsys.readouterr().out


def test_count_store__part_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = CountStore(tmp_path, "counter", 2)
    store.add(name(0), draw(1))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("binrecon.manifest.parts.read_row_groups", refuse)
    with pytest.raises(
        OutputError, match=r"cannot be read \(Permission denied\); remove it, or name another"
    ):
        store.load()
    assert len(list(store.folder.iterdir())) == 1, "it was not removed"


def test_count_store__unknown_novelty(tmp_path: Path) -> None:
    store = CountStore(tmp_path, "counter", 2)
    store.add(name(0), PhotoCounts(np.zeros((1, 2), np.float32), np.full(1, np.nan, np.float32)))
    assert np.isnan(take_counts(store.load(), pa.chunked_array([name(0)])).novelty).all()


def test_count_store__no_room(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        OutputError, match=r"^cache_dir: .* cannot be written .*; free space there, or name another"
    ):
        CountStore(tmp_path / "file", "counter", 2).add(name(0), draw(1))
