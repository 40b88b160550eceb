import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from tests.unit.manifest.conftest import AddBin, CountingSource

from binrecon.errors import SourceError
from binrecon.manifest import reader
from binrecon.manifest.facts import FACTS_SCHEMA
from binrecon.manifest.facts_cache import FactsCache
from binrecon.manifest.reader import IN_FLIGHT_PER_WORKER, _map_in_order, read_facts
from binrecon.sources import BinListing, LocalSource


@pytest.fixture
def bins(add_bin: AddBin, tmp_path: Path) -> list[str]:
    """Six sound bins in `tmp_path`."""
    ids = [f"{number:05d}" for number in range(6)]
    for number, bin_id in enumerate(ids):
        add_bin(bin_id, number)
    return ids


@pytest.fixture
def cache(tmp_path: Path) -> FactsCache:
    return FactsCache(tmp_path / "cache", "here", with_records=True)


def ids_of(facts: pa.Table) -> list[str]:
    return facts["bin_id"].to_pylist()


def test_read_facts__every_id_once_in_order(add_bin: AddBin, tmp_path: Path) -> None:
    for bin_id in ("9", "523", "00523", "100000", "10"):
        add_bin(bin_id)
    add_bin("00001", photo=None)
    add_bin("00002", count=None)
    facts = read_facts(LocalSource(tmp_path), workers=2)
    assert facts.schema.equals(FACTS_SCHEMA)
    assert ids_of(facts) == ["00001", "00002", "00523", "10", "100000", "523", "9"]


def test_read_facts__order_of_the_listing_does_not_matter(bins: list[str], tmp_path: Path) -> None:
    class Reversed(LocalSource):
        def list_bins(self) -> BinListing:
            return BinListing(*(ids[::-1] for ids in super().list_bins()))

    assert read_facts(Reversed(tmp_path)).equals(read_facts(LocalSource(tmp_path)))


def test_read_facts__stamps(bins: list[str], tmp_path: Path) -> None:
    facts = read_facts(LocalSource(tmp_path))
    found = (tmp_path / "metadata" / "00002.json").stat()
    expected = {"size": found.st_size, "mtime_ns": found.st_mtime_ns, "ctime_ns": found.st_ctime_ns}
    assert facts["record_stamp"][2].as_py() == expected
    assert facts["photo_stamp"].null_count == 0


def test_read_facts__part_that_is_not_there_has_no_stamp(add_bin: AddBin, tmp_path: Path) -> None:
    add_bin("00001", photo=None)
    add_bin("00002", count=None)
    facts = read_facts(LocalSource(tmp_path))
    assert facts["photo_stamp"].is_null().to_pylist() == [True, False]
    assert facts["record_stamp"].is_null().to_pylist() == [False, True]


def test_read_facts__without_records(
    add_bin: AddBin, bins: list[str], counting_source: CountingSource
) -> None:
    add_bin("00009", photo=None)
    facts = read_facts(counting_source, with_records=False)
    assert ids_of(facts) == bins
    assert {what for what, _ in counting_source.asked} == {"photo", "photo stamp"}
    for name in ("recorded_count", "items", "record_status", "record_reason", "record_stamp"):
        assert facts[name].null_count == len(bins)


def test_read_facts__without_records_there_may_be_no_bin(
    add_bin: AddBin, counting_source: CountingSource, tmp_path: Path
) -> None:
    add_bin("00001", photo=None)
    cache = FactsCache(tmp_path / "cache", "here", with_records=False)
    for _ in range(2):
        assert len(read_facts(counting_source, with_records=False, cache=cache)) == 0


def test_read_facts__other_errors_end_the_reading(bins: list[str], tmp_path: Path) -> None:
    class Locked(LocalSource):
        def read_record(self, bin_id: str) -> bytes:
            raise PermissionError(bin_id)

    with pytest.raises(PermissionError, match="00000"):
        read_facts(Locked(tmp_path), workers=1)


def test_read_facts__empty_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds neither"):
        read_facts(LocalSource(tmp_path))


@pytest.mark.parametrize("workers", [None, 1, 3])
def test_read_facts__workers_change_nothing(add_bin: AddBin, tmp_path: Path, workers: int | None) -> None:
    for number in range(40):
        add_bin(f"{number:05d}", number % 6)
    expected = read_facts(LocalSource(tmp_path), workers=2)
    assert read_facts(LocalSource(tmp_path), workers).equals(expected)


def test_read_facts__batches_change_nothing(
    bins: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = read_facts(LocalSource(tmp_path))
    monkeypatch.setattr(reader, "ROWS_PER_BATCH", 4)
    monkeypatch.setattr(reader, "_IDS_PER_STAMPING", 5)
    assert read_facts(LocalSource(tmp_path)).equals(expected)


def test_read_facts__unchanged_bins_are_not_read(
    bins: list[str], cache: FactsCache, counting_source: CountingSource, capsys: pytest.CaptureFixture[str]
) -> None:
    first = read_facts(counting_source, cache=cache)
    assert capsys.readouterr().out == ""
    assert counting_source.ids("photo") == counting_source.ids("record") == bins
    again = read_facts(counting_source, cache=cache)
    assert counting_source.ids("photo") == counting_source.ids("record") == bins
    assert again.equals(first)
    assert capsys.readouterr().out == "6 of 6 bins are as when last checked; 0 to be checked\n"


def test_read_facts__only_changed_and_new_bins_are_read(
    add_bin: AddBin, bins: list[str], cache: FactsCache, counting_source: CountingSource
) -> None:
    read_facts(counting_source, cache=cache)
    counting_source.asked.clear()
    add_bin("00001", 6)
    add_bin("00003", photo=None, record=b"[]")
    add_bin("000025", 4)
    facts = read_facts(counting_source, cache=cache)
    assert counting_source.ids("photo") == counting_source.ids("record") == ["00001", "000025", "00003"]
    assert facts.equals(read_facts(counting_source))
    assert facts["recorded_count"].to_pylist() == [0, 6, 2, 4, None, 4, 5]


def test_read_facts__touched_photo_is_read_again(
    bins: list[str], cache: FactsCache, counting_source: CountingSource
) -> None:
    read_facts(counting_source, cache=cache)
    counting_source.asked.clear()
    os.utime(counting_source.root / "bin-images" / "00004.jpg", ns=(5, 5))
    read_facts(counting_source, cache=cache)
    assert counting_source.ids("photo") == ["00004"]


def test_read_facts__part_that_comes_or_goes(
    add_bin: AddBin, bins: list[str], cache: FactsCache, counting_source: CountingSource
) -> None:
    (counting_source.root / "metadata" / "00002.json").unlink()
    read_facts(counting_source, cache=cache)
    counting_source.asked.clear()
    add_bin("00002", 2, photo=None)
    (counting_source.root / "bin-images" / "00004.jpg").unlink()
    facts = read_facts(counting_source, cache=cache)
    assert counting_source.ids("photo") == ["00002", "00004"]
    assert facts["record_status"].null_count == len(bins)
    assert facts["photo_status"].to_pylist()[4] == "missing_photo"


def test_read_facts__vanished_bins_leave(
    bins: list[str], cache: FactsCache, counting_source: CountingSource
) -> None:
    read_facts(counting_source, cache=cache)
    for path in counting_source.root.glob("*/00003.*"):
        path.unlink()
    remaining = [bin_id for bin_id in bins if bin_id != "00003"]
    assert ids_of(read_facts(counting_source, cache=cache)) == remaining
    assert [bin_id for table in cache.load() for bin_id in ids_of(table)] == remaining
    assert counting_source.ids("photo") == bins


def test_read_facts__changed_while_it_is_read_is_read_again(
    add_bin: AddBin, bins: list[str], cache: FactsCache, tmp_path: Path
) -> None:
    class Changing(LocalSource):
        def read_record(self, bin_id: str) -> bytes:
            content = super().read_record(bin_id)
            add_bin("00002", 5, photo=None)
            return content

    assert read_facts(Changing(tmp_path), workers=1, cache=cache)["recorded_count"].to_pylist()[0] == 0
    facts = read_facts(LocalSource(tmp_path), cache=cache)
    assert facts["recorded_count"].to_pylist() == [0, 1, 5, 3, 4, 5]


def test_read_facts__damaged_cache_is_built_anew(
    bins: list[str],
    cache: FactsCache,
    counting_source: CountingSource,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = read_facts(counting_source, cache=cache)
    (path,) = cache.folder.iterdir()
    path.write_bytes(path.read_bytes()[:-100])
    assert read_facts(counting_source, cache=cache).equals(first)
    assert counting_source.ids("photo") == sorted([*bins, *bins])
    said = capsys.readouterr().out
    assert said.startswith(f"cache: '{path}' does not end with its seal, so its bins are checked anew\n")
    assert read_facts(counting_source, cache=cache).equals(first)
    assert counting_source.ids("photo") == sorted([*bins, *bins])


def test_read_facts__two_kinds_apart(
    bins: list[str], cache: FactsCache, counting_source: CountingSource, tmp_path: Path
) -> None:
    without = FactsCache(tmp_path / "cache", "here", with_records=False)
    for _ in range(2):
        facts = read_facts(counting_source, cache=cache)
        photos = read_facts(counting_source, with_records=False, cache=without)
    assert facts["recorded_count"].to_pylist() == [0, 1, 2, 3, 4, 5]
    assert photos["recorded_count"].null_count == len(bins)
    assert counting_source.ids("photo") == sorted([*bins, *bins])
    assert counting_source.ids("record") == bins


class Dying(LocalSource):
    """Ends its own process at the fifth bin, as the kernel does when memory runs out."""

    def read_photo(self, bin_id: str) -> bytes:
        if bin_id == "00004":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read_photo(bin_id)


def build_and_die(root: Path) -> None:
    reader.ROWS_PER_BATCH, reader.BATCHES_PER_PART, reader.IN_FLIGHT_PER_WORKER = 1, 2, 1
    read_facts(Dying(root), workers=1, cache=FactsCache(root / "cache", "here", with_records=True))


def test_read_facts__killed_build_keeps_its_parts(
    bins: list[str], cache: FactsCache, counting_source: CountingSource
) -> None:
    process = multiprocessing.get_context("spawn").Process(target=build_and_die, args=(counting_source.root,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert sorted(bin_id for table in cache.load() for bin_id in ids_of(table)) == bins[:4]
    facts = read_facts(counting_source, cache=cache)
    assert counting_source.ids("photo") == bins[4:]
    assert facts.equals(read_facts(LocalSource(counting_source.root)))
    assert [path.name for path in cache.folder.iterdir()] == ["facts.parquet"]


def test_read_facts__two_builds_at_once(
    bins: list[str], cache: FactsCache, counting_source: CountingSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "ROWS_PER_BATCH", 1)
    monkeypatch.setattr(reader, "BATCHES_PER_PART", 1)
    expected = read_facts(LocalSource(counting_source.root))

    class Interrupted(LocalSource):
        """Another build of the same bins runs from start to end while this one reads its fourth bin."""

        def read_photo(self, bin_id: str) -> bytes:
            if bin_id == "00003":
                other = FactsCache(cache.folder.parent, "here", with_records=True)
                assert read_facts(counting_source, cache=other).equals(expected)
            return super().read_photo(bin_id)

    assert read_facts(Interrupted(counting_source.root), workers=1, cache=cache).equals(expected)
    counting_source.asked.clear()
    assert read_facts(counting_source, cache=cache).equals(expected)
    assert counting_source.ids("photo") == []


def test_map_in_order__runs_only_a_little_ahead() -> None:
    taken = []

    def inputs() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = _map_in_order(lambda number: number * 2, inputs(), workers=2)
    assert [next(results) for _ in range(5)] == [0, 2, 4, 6, 8]
    assert len(taken) <= 5 + 2 * IN_FLIGHT_PER_WORKER
    results.close()


def test_map_in_order__keeps_order_when_the_first_is_slow() -> None:
    second_is_done = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert second_is_done.wait(timeout=30)
        second_is_done.set()
        return number

    assert list(_map_in_order(work, range(20), workers=2)) == list(range(20))
