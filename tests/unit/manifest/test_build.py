import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binrecon.config.split_words import SPLITS
from binrecon.manifest import (
    CountRange,
    Manifest,
    SplitRule,
    Status,
    assemble_manifest,
    build_manifest,
)
from binrecon.manifest.facts import BinFacts, Fault, PhotoFacts
from binrecon.manifest.record import Item, Record
from binrecon.sources import LocalSource

RANGE = CountRange(0, 5)
RULE = SplitRule(val_fraction=0.2, test_fraction=0.2, seed=0)


def show(manifest: Manifest) -> dict[str, tuple[str, str | None]]:
    return {row["bin_id"]: (row["status"], row["reason"]) for row in manifest.table.to_pylist()}


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
    assert manifest.count_statuses() == dict.fromkeys(Status, 1)
    splits = manifest.table["split"].to_pylist()
    assert splits[0] in SPLITS
    assert splits[1:] == [None] * 7


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


def test_assemble_manifest__all_faults_first_status(make_facts: Callable[..., BinFacts]) -> None:
    photo = PhotoFacts(None, None, 3, "x", Fault(Status.CORRUPT_PHOTO, "photo: bad"))
    record_fault = Fault(Status.CONTRADICTORY_RECORD, "record: odd")
    facts = replace(make_facts("00001", 9), photo=photo, record_fault=record_fault)
    reason = "photo: bad; record: odd; recorded count 9 is above the largest asked for, 5"
    assert show(assemble_manifest([facts], RANGE, RULE)) == {"00001": ("corrupt_photo", reason)}


def test_assemble_manifest__duplicate_with_another_count(make_facts: Callable[..., BinFacts]) -> None:
    facts = [
        make_facts("00001", 2, sha256="x"),
        make_facts("00009", 3, sha256="x"),
        make_facts("1", 2, sha256="x"),
    ]
    assert show(assemble_manifest(facts, RANGE, RULE)) == {
        "00001": ("usable", None),
        "00009": (
            "duplicate_photo",
            "photo: byte for byte that of bin 00001, whose recorded count is 2 and not 3",
        ),
        "1": ("duplicate_photo", "photo: byte for byte that of bin 00001"),
    }


def test_assemble_manifest__duplicate_of_a_bin_without_record(make_facts: Callable[..., BinFacts]) -> None:
    original = replace(
        make_facts("00001", sha256="x"),
        record=None,
        record_fault=Fault(Status.MISSING_RECORD, "there is no record"),
    )
    rows = show(assemble_manifest([original, make_facts("00002", 3, sha256="x")], RANGE, RULE))
    assert rows["00002"] == (
        "duplicate_photo",
        "photo: byte for byte that of bin 00001, whose recorded count is unknown and not 3",
    )


def test_assemble_manifest__corrupt_photos_are_not_called_duplicates(
    make_facts: Callable[..., BinFacts],
) -> None:
    empty = PhotoFacts(
        None, None, 0, "x", Fault(Status.CORRUPT_PHOTO, "photo: not a JPEG: the file is empty")
    )
    facts = [replace(make_facts(bin_id), photo=empty) for bin_id in ("00001", "00005")]
    assert {status for status, _ in show(assemble_manifest(facts, RANGE, RULE)).values()} == {"corrupt_photo"}


def test_assemble_manifest__clip_keeps_the_recorded_count(make_facts: Callable[..., BinFacts]) -> None:
    manifest = assemble_manifest([make_facts("00001", 88)], CountRange(0, 5, "clip"), RULE)
    assert show(manifest) == {"00001": ("usable", None)}
    assert manifest.table["recorded_count"].to_pylist() == [88]


@pytest.mark.parametrize("above_range", ["drop", "clip"])
def test_assemble_manifest__below_range(make_facts: Callable[..., BinFacts], above_range: str) -> None:
    manifest = assemble_manifest([make_facts("00001", 0)], CountRange(1, 5, above_range), RULE)
    reason = "recorded count 0 is below the smallest asked for, 1"
    assert show(manifest) == {"00001": ("out_of_range", reason)}


def test_assemble_manifest__unusable_bins_still_link_their_neighbours(
    make_facts: Callable[..., BinFacts],
) -> None:
    middle = replace(
        make_facts("00003", 9, asin="A"),
        photo=PhotoFacts(fault=Fault(Status.MISSING_PHOTO, "there is no photo")),
    )
    facts = [make_facts("00001", asin="A"), middle, make_facts("00005", asin="A")]
    assert assemble_manifest(facts, RANGE, RULE).table["group"].to_pylist() == ["00001"] * 3


def test_assemble_manifest__nothing() -> None:
    manifest = assemble_manifest([], RANGE, RULE)
    assert len(manifest) == 0
    assert manifest.rows_of("train") == ([], [])


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


@given(bin_lists, st.randoms(use_true_random=False))
def test_assemble_manifest__order_does_not_matter(facts: list[BinFacts], random: object) -> None:
    expected = assemble_manifest(facts, RANGE, RULE).content_hash()
    random.shuffle(facts)
    assert assemble_manifest(facts, RANGE, RULE).content_hash() == expected


@given(bin_lists)
def test_assemble_manifest__no_group_crosses_splits(facts: list[BinFacts]) -> None:
    manifest = assemble_manifest(facts, RANGE, RULE)
    rows = [row for row in manifest.table.to_pylist() if row["split"] is not None]
    splits_by_group = Counter(group for group, _ in {(row["group"], row["split"]) for row in rows})
    assert all(count == 1 for count in splits_by_group.values())
    ids = [bin_id for split in SPLITS for bin_id in manifest.rows_of(split).bin_ids]
    assert sorted(ids) == [row["bin_id"] for row in rows if row["status"] == "usable"]


@pytest.mark.slow
def test_assemble_manifest__time_grows_with_the_bins(make_facts: Callable[..., BinFacts]) -> None:
    def measure(count: int) -> float:
        facts = [make_facts(f"{number:06d}", number % 6, asin=f"A{number % 50}") for number in range(count)]
        started = time.perf_counter()
        assemble_manifest(facts, RANGE, RULE)
        return time.perf_counter() - started

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
