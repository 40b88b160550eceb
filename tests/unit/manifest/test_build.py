import errno
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.manifest.conftest import CountingSource, MakeFacts, ToTable

from binrecon.config.split_words import SPLITS
from binrecon.errors import SourceError
from binrecon.manifest import (
    CountRange,
    GroupedSplit,
    ListedSplit,
    Manifest,
    Status,
    assemble_manifest,
    build_manifest,
    read_manifest,
    write_manifest,
)
from binrecon.manifest.facts import FACTS_SCHEMA, BinFacts, Fault, PhotoFacts
from binrecon.manifest.record import Item, Record
from binrecon.published import PublishedSplit
from binrecon.sources import LocalSource

RANGE = CountRange(0, 5)
RULE = GroupedSplit(val_fraction=0.2, test_fraction=0.2, seed=0)


def show(manifest: Manifest) -> dict[str, tuple[str, str | None]]:
    return {row["bin_id"]: (row["status"], row["reason"]) for row in manifest.table.to_pylist()}


def list_bins(counts: dict[str, int], splits: dict[str, str] | None, **changes: bool) -> ListedSplit:
    return ListedSplit(PublishedSplit("unc", counts, splits), RULE, **changes)


def test_build_manifest(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001", 2)
    (row,) = build_manifest(LocalSource(tmp_path), RANGE, RULE).table.to_pylist()
    assert row == {
        "bin_id": "00001",
        "recorded_count": 2,
        "items": [{"asin": "B00001", "name": "Cup", "quantity": 2}],
        "photo_width": 20,
        "photo_height": 10,
        "photo_bytes": (tmp_path / "bin-images" / "00001.jpg").stat().st_size,
        "photo_sha256": row["photo_sha256"],
        "group": "00001",
        "split": RULE.split_of("00001"),
        "status": "usable",
        "reason": None,
    }


def test_build_manifest__every_bin_is_a_row(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001")
    add_bin("00002", photo=None)
    add_bin("00003", photo=b"GIF89a")
    add_bin("00004", count=None)
    add_bin("00005", record=b"[]")
    add_bin("00006", record=b'{"EXPECTED_QUANTITY": 2, "BIN_FCSKU_DATA": {}}')
    add_bin("00007", photo=(tmp_path / "bin-images" / "00001.jpg").read_bytes())
    add_bin("00008", 6)
    manifest = build_manifest(LocalSource(tmp_path), RANGE, RULE)
    assert show(manifest) == {
        "00001": ("usable", None),
        "00002": ("missing_photo", "there is no photo"),
        "00003": ("corrupt_photo", "photo: not a JPEG: it is a GIF image"),
        "00004": ("missing_record", "there is no record"),
        "00005": ("malformed_record", "record: it is a list, not an object"),
        "00006": ("contradictory_record", "record: claims 2 items, but they add up to 0"),
        "00007": ("duplicate_photo", "photo: byte for byte that of bin 00001"),
        "00008": ("out_of_range", "recorded count 6 is above the largest asked for, 5"),
    }
    assert manifest.count_statuses() == {
        **dict.fromkeys(Status, 1),
        Status.UNREADABLE_PHOTO: 0,
        Status.UNREADABLE_RECORD: 0,
        Status.NOT_LISTED: 0,
        Status.SET_ASIDE: 0,
    }
    splits = manifest.table["split"].to_pylist()
    assert splits[0] in SPLITS
    assert splits[1:] == [None] * 7


def test_build_manifest__an_entry_that_cannot_be_read_is_a_row(
    add_bin: Callable[..., None], tmp_path: Path
) -> None:
    for number in range(1, 26):
        add_bin(f"{number:05d}")
    photos, records = tmp_path / "bin-images", tmp_path / "metadata"
    for name in ("00001", "00002", "00003", "00004"):
        (photos / f"{name}.jpg").unlink()
    (photos / "00001.jpg").symlink_to("00001.jpg")
    os.mkfifo(photos / "00002.jpg")
    (photos / "00003.jpg").symlink_to("/dev/zero")
    (photos / "00004.jpg").symlink_to("/proc/self/mem")
    (records / "00005.json").unlink()
    os.mkfifo(records / "00005.json")
    shutil.copy(photos / "00006.jpg", photos / "00006.JPG")
    Path(os.fsdecode(bytes(photos) + b"/caf\xe9.jpg")).write_bytes(b"odd")
    (records / "a\x1b[31m\nb.json").write_bytes(b"{}")
    (photos / f"{'z' * 240}.jpg").write_bytes(b"odd")
    manifest = build_manifest(
        LocalSource(tmp_path), RANGE, RULE, cache_root=tmp_path / "c", source_identity="s"
    )
    rule = "its file name is not 1 to 200 bytes of printable text without '/', '\\' or '..'"
    assert {bin_id: fault for bin_id, fault in show(manifest).items() if fault[1]} == {
        "00001": ("unreadable_photo", "photo: it cannot be read (Too many levels of symbolic links)"),
        "00002": ("unreadable_photo", "photo: it cannot be read (it is a named pipe, not a file)"),
        "00003": ("unreadable_photo", "photo: it cannot be read (it is a device, not a file)"),
        "00004": ("unreadable_photo", "photo: it cannot be read (Input/output error)"),
        "00005": ("unreadable_record", "record: it cannot be read (it is a named pipe, not a file)"),
        "00006": ("unreadable_photo", "photo: '00006.JPG', '00006.jpg' are 2 files of one bin; keep one"),
        "a\\x1b[31m\\nb": ("missing_photo", f"there is no photo; record: {rule}"),
        "caf\\xe9": ("unreadable_photo", f"photo: {rule}; there is no record"),
        "z" * 240: ("unreadable_photo", f"photo: {rule}; there is no record"),
    }
    write_manifest(manifest, tmp_path / "manifest.parquet")
    assert read_manifest(tmp_path / "manifest.parquet").content_hash() == manifest.content_hash()


def test_build_manifest__what_can_be_read_again_is(
    add_bin: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 4):
        add_bin(f"{number:05d}")
    settings = {"cache_root": tmp_path / "cache", "source_identity": "here"}
    opened = os.open

    def stale(path: object, *rest: int) -> int:
        if str(path).endswith("00002.jpg"):
            raise OSError(errno.ESTALE, "Stale file handle")
        return opened(path, *rest)

    monkeypatch.setattr("os.open", stale)
    first = build_manifest(LocalSource(tmp_path), RANGE, RULE, **settings)
    assert show(first)["00002"] == ("unreadable_photo", "photo: it cannot be read (Stale file handle)")
    monkeypatch.undo()
    assert show(build_manifest(LocalSource(tmp_path), RANGE, RULE, **settings))["00002"] == ("usable", None)


def test_build_manifest__most_bins_cannot_be_read(
    add_bin: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 4):
        add_bin(f"{number:05d}")

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("os.open", fail)
    message = "source: 3 of 3 bins cannot be read, more than half (bin '00001': photo: it cannot be read (Input/output error); "
    with pytest.raises(SourceError, match=f"^{re.escape(message)}.*mend the disk"):
        build_manifest(LocalSource(tmp_path), RANGE, RULE)


def test_build_manifest__no_file_can_be_opened(
    add_bin: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_bin("00001")

    def fail(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("os.open", fail)
    with pytest.raises(
        SourceError, match=r"cannot be opened \(Too many open files\), which is no fault of the file"
    ):
        build_manifest(LocalSource(tmp_path), RANGE, RULE)


def test_build_manifest__damage_that_the_decoder_noticed_is_named(
    add_bin: Callable[..., None], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 9):
        add_bin(f"{number:05d}")
    path = tmp_path / "bin-images" / "00003.jpg"
    photo = path.read_bytes()
    path.write_bytes(photo[:-2] + bytes(9) + photo[-2:])  # behind the last pixel
    for _ in range(2):  # the second time from the cache
        manifest = build_manifest(
            LocalSource(tmp_path), RANGE, RULE, workers=4, cache_root=tmp_path / "cache", source_identity="s"
        )
        shown = capfd.readouterr()
        assert shown.err == ""
        assert (
            "1 photo is damaged but decoded, and used: '00003' "
            "(Corrupt JPEG data: 7 extraneous bytes before marker 0xd9)"
        ) in shown.out
    assert show(manifest)["00003"] == ("usable", None)


def test_build_manifest__no_count_is_invented(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001", count=None)
    add_bin("00002", record=b"{}")
    add_bin("00003", 0)
    table = build_manifest(LocalSource(tmp_path), RANGE, RULE).table
    assert table["recorded_count"].to_pylist() == [None, None, 0]
    assert table["items"].to_pylist() == [None, None, []]


def test_build_manifest__same_number_in_both_series(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("523", 2)
    add_bin("00523", 4)
    table = build_manifest(LocalSource(tmp_path), RANGE, RULE).table
    assert table["bin_id"].to_pylist() == ["00523", "523"]
    assert table["recorded_count"].to_pylist() == [4, 2]
    assert table["group"].to_pylist() == ["00523", "523"]


def test_build_manifest__same_bytes_same_hash(add_bin: Callable[..., None], tmp_path: Path) -> None:
    for number in range(30):
        add_bin(f"{number:05d}", number % 7)
    first = build_manifest(LocalSource(tmp_path), RANGE, RULE, workers=1)
    again = build_manifest(LocalSource(tmp_path), RANGE, RULE, workers=4)
    assert first.content_hash() == again.content_hash()


def test_build_manifest__cached_bins_are_not_read(
    add_bin: Callable[..., None], counting_source: CountingSource, tmp_path: Path
) -> None:
    for number in range(5):
        add_bin(f"{number:05d}", number)
    cache = {"cache_root": tmp_path / "cache", "source_identity": "here"}
    first = build_manifest(counting_source, RANGE, RULE, **cache)
    again = build_manifest(counting_source, CountRange(0, 3), RULE, **cache)
    assert counting_source.ids("photo") == counting_source.ids("record") == first.table["bin_id"].to_pylist()
    assert again.count_statuses()[Status.OUT_OF_RANGE] == 1


def test_build_manifest__cache_without_identity(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pass source_identity$"):
        build_manifest(LocalSource(tmp_path), RANGE, RULE, cache_root=tmp_path)


def test_build_manifest__counts_from_lists_look_at_no_record(
    add_bin: Callable[..., None], counting_source: CountingSource
) -> None:
    add_bin("00001", record=b"[]")
    add_bin("00002", 7)
    add_bin("00003", photo=None)
    rule = list_bins({"00001": 2, "00003": 1}, {"00001": "val", "00003": "train"}, needs_records=False)
    rows = build_manifest(counting_source, RANGE, rule).table.to_pylist()
    assert {what for what, _ in counting_source.asked} == {"photo", "photo stamp"}
    shown = ("bin_id", "recorded_count", "items", "group", "split", "status")
    assert [tuple(row[name] for name in shown) for row in rows] == [
        ("00001", 2, None, "00001", "val", "usable"),
        ("00002", None, None, "00002", None, "not_listed"),
    ]


def test_assemble_manifest__all_faults_first_status(make_facts: MakeFacts, to_table: ToTable) -> None:
    photo = PhotoFacts(None, None, 3, "x", Fault(Status.CORRUPT_PHOTO, "photo: bad"))
    record_fault = Fault(Status.CONTRADICTORY_RECORD, "record: odd")
    facts = replace(make_facts("00001", 9), photo=photo, record_fault=record_fault)
    reason = "photo: bad; record: odd; recorded count 9 is above the largest asked for, 5"
    rows = show(assemble_manifest(to_table([facts]), RANGE, RULE))
    assert rows == {"00001": ("corrupt_photo", reason)}


def test_assemble_manifest__duplicate_with_another_count(make_facts: MakeFacts, to_table: ToTable) -> None:
    facts = [
        make_facts("00001", 2, sha256="x"),
        make_facts("00009", 3, sha256="x"),
        make_facts("1", 2, sha256="x"),
    ]
    assert show(assemble_manifest(to_table(facts), RANGE, RULE)) == {
        "00001": ("usable", None),
        "00009": (
            "duplicate_photo",
            "photo: byte for byte that of bin 00001, whose recorded count is 2 and not 3",
        ),
        "1": ("duplicate_photo", "photo: byte for byte that of bin 00001"),
    }


def test_assemble_manifest__duplicate_of_a_bin_without_record(
    make_facts: MakeFacts, to_table: ToTable
) -> None:
    original = replace(
        make_facts("00001", sha256="x"),
        record=None,
        record_fault=Fault(Status.MISSING_RECORD, "there is no record"),
    )
    facts = to_table([original, make_facts("00002", 3, sha256="x")])
    assert show(assemble_manifest(facts, RANGE, RULE))["00002"] == (
        "duplicate_photo",
        "photo: byte for byte that of bin 00001, whose recorded count is unknown and not 3",
    )


def test_assemble_manifest__corrupt_photos_are_not_called_duplicates(
    make_facts: MakeFacts, to_table: ToTable
) -> None:
    empty = PhotoFacts(
        None, None, 0, "x", Fault(Status.CORRUPT_PHOTO, "photo: not a JPEG: the file is empty")
    )
    facts = to_table(replace(make_facts(bin_id), photo=empty) for bin_id in ("00001", "00005"))
    assert {status for status, _ in show(assemble_manifest(facts, RANGE, RULE)).values()} == {"corrupt_photo"}


def test_assemble_manifest__clip_keeps_the_recorded_count(make_facts: MakeFacts, to_table: ToTable) -> None:
    manifest = assemble_manifest(to_table([make_facts("00001", 88)]), CountRange(0, 5, "clip"), RULE)
    assert show(manifest) == {"00001": ("usable", None)}
    assert manifest.table["recorded_count"].to_pylist() == [88]


@pytest.mark.parametrize("above_range", ["drop", "clip"])
def test_assemble_manifest__below_range(make_facts: MakeFacts, to_table: ToTable, above_range: str) -> None:
    manifest = assemble_manifest(to_table([make_facts("00001", 0)]), CountRange(1, 5, above_range), RULE)
    reason = "recorded count 0 is below the smallest asked for, 1"
    assert show(manifest) == {"00001": ("out_of_range", reason)}


def test_assemble_manifest__unusable_bins_still_link_their_neighbours(
    make_facts: MakeFacts, to_table: ToTable
) -> None:
    middle = replace(
        make_facts("00003", 9, asin="A"),
        photo=PhotoFacts(fault=Fault(Status.MISSING_PHOTO, "there is no photo")),
    )
    facts = to_table([make_facts("00001", asin="A"), middle, make_facts("00005", asin="A")])
    assert assemble_manifest(facts, RANGE, RULE).table["group"].to_pylist() == ["00001"] * 3


def test_assemble_manifest__nothing() -> None:
    manifest = assemble_manifest(FACTS_SCHEMA.empty_table(), RANGE, RULE)
    assert len(manifest) == 0
    assert manifest.rows_of("train") == ([], [], [])


def test_assemble_manifest__published_split(make_facts: MakeFacts, to_table: ToTable) -> None:
    rule = list_bins({"00001": 2, "00002": 1, "00009": 4}, {"00001": "val", "00002": "train", "00009": "val"})
    facts = [make_facts(bin_id, asin="A", count=2) for bin_id in ("00001", "00002", "00003")]
    manifest = assemble_manifest(to_table([*facts, make_facts("00004", 9)]), CountRange(0, 5), rule)
    not_listed = "the published split 'unc' does not list the bin"
    assert show(manifest) == {
        "00001": ("usable", None),
        "00002": (
            "contradictory_record",
            "record: claims 2 items, but the published split 'unc' lists 1",
        ),
        "00003": ("not_listed", not_listed),
        "00004": ("not_listed", f"{not_listed}; recorded count 9 is above the largest asked for, 5"),
    }
    assert manifest.table["split"].to_pylist() == ["val", None, None, None]
    assert manifest.table["group"].to_pylist() == ["00001", "00001", "00001", "00004"]
    assert manifest.judged_split == "val"


def test_assemble_manifest__published_bin_repeats_an_unlisted_one(
    make_facts: MakeFacts, to_table: ToTable
) -> None:
    facts = to_table([make_facts("00001", sha256="x"), make_facts("00009", sha256="x")])
    manifest = assemble_manifest(facts, RANGE, list_bins({"00009": 1}, {"00009": "val"}))
    assert [status for status, _ in show(manifest).values()] == ["not_listed", "usable"]


def test_assemble_manifest__published_pool_is_split_by_groups(
    make_facts: MakeFacts, to_table: ToTable
) -> None:
    facts = to_table(make_facts(f"{number:05d}", asin="A") for number in range(0, 99, 9))
    listed = {"00009": 1, "00018": 1}
    manifest = assemble_manifest(facts, RANGE, list_bins(listed, None))
    assert {row["bin_id"]: row["split"] for row in manifest.table.to_pylist() if row["split"]} == {
        bin_id: RULE.split_of(bin_id) for bin_id in listed
    }


bins = st.builds(
    lambda number, count, asin, photo: BinFacts(
        f"{number:05d}", PhotoFacts(2, 2, 9, photo), Record(count, (Item(asin, None, count),)), None
    ),
    st.integers(0, 99_999),
    st.integers(0, 8),
    st.sampled_from("ABC"),
    st.uuids().map(str),
)
bin_lists = st.lists(bins, max_size=40, unique_by=lambda one: one.bin_id)


@given(bin_lists, st.integers(1, 40))
def test_assemble_manifest__chunks_do_not_matter(to_table: ToTable, facts: list[BinFacts], size: int) -> None:
    table = to_table(facts)
    pieces = [table.slice(start, size) for start in range(0, len(table), size)]
    chunked = pa.concat_tables([table.slice(0, 0), *pieces])
    expected = assemble_manifest(table, RANGE, RULE).content_hash()
    assert assemble_manifest(chunked, RANGE, RULE).content_hash() == expected


@given(bin_lists)
def test_assemble_manifest__no_group_crosses_splits(to_table: ToTable, facts: list[BinFacts]) -> None:
    manifest = assemble_manifest(to_table(facts), RANGE, RULE)
    rows = [row for row in manifest.table.to_pylist() if row["split"] is not None]
    splits_by_group = Counter(group for group, _ in {(row["group"], row["split"]) for row in rows})
    assert all(count == 1 for count in splits_by_group.values())
    ids = [bin_id for split in SPLITS for bin_id in manifest.rows_of(split).bin_ids]
    assert sorted(ids) == [row["bin_id"] for row in rows if row["status"] == "usable"]


def list_faults(one: BinFacts, earlier: list[BinFacts], listed: dict[str, int]) -> list[tuple[str, str]]:
    """Every fault of a bin in the order of Status, thought out one by one."""
    count = None if one.record is None else one.record.recorded_count
    twin = next((other for other in earlier if other.photo.sha256 == one.photo.sha256), None)
    faults = [fault for fault in (one.photo.fault, one.record_fault) if fault is not None]
    if count is not None and listed.get(one.bin_id, count) != count:
        words = f"record: claims {count} items, but the published split 'unc' lists {listed[one.bin_id]}"
        faults.append(Fault(Status.CONTRADICTORY_RECORD, words))
    if one.photo.fault is None and one.bin_id in listed and twin is not None:
        other = None if twin.record is None else twin.record.recorded_count
        known = ["unknown" if known is None else known for known in (other, count)]
        words = f"photo: byte for byte that of bin {twin.bin_id}"
        words += "" if other == count else f", whose recorded count is {known[0]} and not {known[1]}"
        faults.append(Fault(Status.DUPLICATE_PHOTO, words))
    if one.bin_id not in listed:
        faults.append(Fault(Status.NOT_LISTED, "the published split 'unc' does not list the bin"))
    if count is not None and count > 5:
        words = f"recorded count {count} is above the largest asked for, 5"
        faults.append(Fault(Status.OUT_OF_RANGE, words))
    return faults


photos = st.sampled_from(
    [
        PhotoFacts(2, 2, 9, "x"),
        PhotoFacts(2, 2, 9, "y"),
        PhotoFacts(None, None, 9, "x", Fault(Status.CORRUPT_PHOTO, "photo: bad")),
        PhotoFacts(fault=Fault(Status.MISSING_PHOTO, "there is no photo")),
    ]
)
records = st.sampled_from(
    [
        (Record(1, ()), Fault(Status.CONTRADICTORY_RECORD, "record: odd")),
        (Record(7, (Item("A", None, 7),)), None),
        (Record(0, ()), None),
        (None, Fault(Status.MISSING_RECORD, "there is no record")),
    ]
)
odd_bins = st.builds(
    lambda number, photo, record: BinFacts(f"{number:05d}", photo, *record),
    st.integers(0, 99),
    photos,
    records,
)


@given(
    st.lists(odd_bins, max_size=12, unique_by=lambda one: one.bin_id),
    st.dictionaries(st.integers(0, 99).map("{:05d}".format), st.integers(0, 7)),
)
def test_assemble_manifest__same_as_judging_bin_by_bin(
    to_table: ToTable, facts: list[BinFacts], listed: dict[str, int]
) -> None:
    manifest = assemble_manifest(to_table(facts), RANGE, list_bins(listed, dict.fromkeys(listed, "val")))
    ordered = sorted(facts, key=lambda one: one.bin_id)
    expected = {}
    for place, one in enumerate(ordered):
        sound = [other for other in ordered[:place] if other.photo.fault is None and other.bin_id in listed]
        faults = list_faults(one, sound, listed)
        reason = "; ".join(fault.reason for fault in faults) or None
        expected[one.bin_id] = (next((str(fault.status) for fault in faults), "usable"), reason)
    assert show(manifest) == expected


@pytest.mark.slow
def test_assemble_manifest__time_grows_with_the_bins(make_facts: MakeFacts, to_table: ToTable) -> None:
    def measure(count: int) -> float:
        facts = to_table(
            make_facts(f"{number:06d}", number % 6, asin=f"A{number % 50}") for number in range(count)
        )
        started = time.process_time()  # whatever else the machine does
        assemble_manifest(facts, RANGE, RULE)
        return time.process_time() - started

    measure(1000)
    assert measure(80_000) < 40 * measure(8_000)  # 10 times as long if linear, 100 times if quadratic


def test_build_manifest__real_photos(real_originals: Path) -> None:
    manifest = build_manifest(LocalSource(real_originals), RANGE, RULE)
    found = {status: count for status, count in manifest.count_statuses().items() if count}
    assert found == {Status.USABLE: 210, Status.OUT_OF_RANGE: 80}
    sizes = Counter(Counter(manifest.table["group"].to_pylist()).values())
    assert sizes == {1: 114, 2: 76, 3: 8}


@pytest.mark.slow
def test_build_manifest__three_thousand_real_photos(real_squashed: Path) -> None:
    manifest = build_manifest(LocalSource(real_squashed), RANGE, RULE)
    found = {status: count for status, count in manifest.count_statuses().items() if count}
    assert found == {Status.USABLE: 3025, Status.CONTRADICTORY_RECORD: 3}
    recorded = Counter(manifest.table["recorded_count"].to_pylist())
    assert recorded == {0: 80, 1: 331, 2: 652, 3: 737, 4: 692, 5: 536}
    sizes = Counter(Counter(manifest.table["group"].to_pylist()).values())
    assert sizes == {1: 1081, 2: 864, 3: 73}
