import os
import random
import re
import shutil
import time
from pathlib import Path

import pyarrow as pa
import pytest
from tests.damage import damage
from tests.unit.manifest.conftest import MakeFacts, ToTable

from binrecon.errors import OutputError
from binrecon.manifest import facts_cache
from binrecon.manifest.facts import FACTS_SCHEMA
from binrecon.manifest.facts_cache import FactsCache
from binrecon.manifest.parts import write_part


@pytest.fixture
def facts(make_facts: MakeFacts, to_table: ToTable) -> pa.Table:
    return to_table(make_facts(f"{number:05d}", number % 6) for number in range(50))


@pytest.fixture
def cache(tmp_path: Path) -> FactsCache:
    return FactsCache(tmp_path, "here", with_records=True)


def test_load__nothing_yet(cache: FactsCache) -> None:
    assert cache.load() == []
    assert not cache.is_compact


def test_load__parts_in_order(cache: FactsCache, facts: pa.Table) -> None:
    for start in range(0, 50, 10):
        cache.add(facts[start : start + 10])
    assert pa.concat_tables(cache.load()).equals(facts)
    assert not cache.is_compact


def test_replace__leaves_one_file(cache: FactsCache, facts: pa.Table) -> None:
    cache.add(facts[:10])
    cache.add(facts[10:])
    cache.replace(facts)
    assert [path.name for path in cache.folder.iterdir()] == ["facts.parquet"]
    assert cache.is_compact
    assert pa.concat_tables(cache.load()).equals(facts)
    assert cache.is_compact


def test_replace__parts_of_another_build_stay(cache: FactsCache, facts: pa.Table, tmp_path: Path) -> None:
    other = FactsCache(tmp_path, "here", with_records=True)
    cache.load()
    other.add(facts[:10])
    cache.replace(facts[10:])
    assert pa.concat_tables(cache.load()[::-1]).equals(facts)


def test_load__part_that_vanishes(
    cache: FactsCache, facts: pa.Table, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.add(facts[:10])
    cache.replace(facts)

    def vanish(path: Path, _: str) -> list[pa.Table]:
        raise FileNotFoundError(path)

    monkeypatch.setattr("binrecon.manifest.parts.read_row_groups", vanish)
    assert cache.load() == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"PAR1" * 99, b"bin_id\n"])
def test_load__damaged_file(
    cache: FactsCache, facts: pa.Table, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    cache.add(facts[:10])
    cache.add(facts[10:])
    path = max(cache.folder.iterdir())
    path.write_bytes(content)
    assert pa.concat_tables(cache.load()).equals(facts[:10])
    said = capsys.readouterr().out
    assert said.startswith(f"cache: '{path}' ")
    assert said.endswith(", so its bins are checked anew\n")
    cache.load()
    assert capsys.readouterr().out == "", "it is said once"


def test_load__flipped_bytes(cache: FactsCache, facts: pa.Table, capsys: pytest.CaptureFixture[str]) -> None:
    cache.replace(facts)
    (path,) = cache.folder.iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 5] ^= 255
    path.write_bytes(content)
    assert cache.load() == []
    assert "is not what was written, so its bins are checked anew" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda table: table.drop_columns(["items"]), "has other columns"),
        (lambda table: table[::-1], "is not sorted"),
        (lambda table: pa.concat_tables([table[:1], table[:1]]), "is not sorted"),
    ],
    ids=["columns", "unsorted", "repeated"],
)
def test_load__not_facts(
    cache: FactsCache,
    facts: pa.Table,
    capsys: pytest.CaptureFixture[str],
    change: object,
    reason: str,
) -> None:
    cache.folder.mkdir()
    path = cache.folder / "facts.parquet"
    write_part(change(facts), path)
    assert cache.load() == []
    assert capsys.readouterr().out == f"cache: '{path}' {reason}, so its bins are checked anew\n"


def test_load__no_rows(cache: FactsCache) -> None:
    cache.replace(FACTS_SCHEMA.empty_table())
    assert cache.load() == []


def test_folder__its_own_for_each_source_kind_and_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {FactsCache(tmp_path, name, kind).folder for name in "ab" for kind in (True, False)}
    monkeypatch.setattr(facts_cache, "FACTS_VERSION", facts_cache.FACTS_VERSION + 1)
    folders.add(FactsCache(tmp_path, "a", True).folder)
    monkeypatch.setattr(facts_cache, "version", lambda _: "99.0")
    folders.add(FactsCache(tmp_path, "a", True).folder)
    assert len(folders) == 6
    assert {folder.parent for folder in folders} == {tmp_path}


def test_add__folder_cannot_be_written(tmp_path: Path, facts: pa.Table) -> None:
    (tmp_path / "file").touch()
    cache = FactsCache(tmp_path / "file", "here", with_records=True)
    message = (
        f"cache_dir: '{cache.folder}' cannot be written (Not a directory); "
        "free space there, or name another folder"
    )
    with pytest.raises(OutputError, match=f"^{re.escape(message)}$"):
        cache.add(facts)


def test_replace__removes_drafts_of_killed_builds(cache: FactsCache, facts: pa.Table) -> None:
    cache.folder.mkdir()
    old, new = (cache.folder / f".part-{age}.parquet.abc" for age in ("old", "new"))
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 100_000,) * 2)
    cache.replace(facts)
    assert sorted(path.name for path in cache.folder.iterdir()) == [new.name, "facts.parquet"]


def test_load__of_another_cache(
    cache: FactsCache, facts: pa.Table, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A whole file of another source says nothing about this one."""
    other = FactsCache(tmp_path, "there", with_records=True)
    other.replace(facts)
    cache.replace(facts[:10])
    (other.folder / "facts.parquet").replace(cache.folder / "facts.parquet")
    assert cache.load() == []
    assert "is not what was written" in capsys.readouterr().out


def test_load__damaged_at_random(tmp_path: Path, facts: pa.Table) -> None:
    """Whatever becomes of the files, no bin has other facts than were read."""
    rng = random.Random(0)
    whole, other = (FactsCache(tmp_path / "whole", name, with_records=True) for name in "ab")
    for cache, shift in ((whole, 0), (other, 1)):
        cache.replace(facts[shift:40])
        cache.add(facts[40 + shift :])
    rows = {row["bin_id"]: row for row in facts.to_pylist()}
    cache = FactsCache(tmp_path / "cache", "a", with_records=True)
    for _ in range(100):
        shutil.rmtree(cache.folder, ignore_errors=True)
        shutil.copytree(whole.folder, cache.folder)
        done = damage(cache.folder, other.folder, rng)
        for table in cache.load():
            assert all(rows[row["bin_id"]] == row for row in table.to_pylist()), done
