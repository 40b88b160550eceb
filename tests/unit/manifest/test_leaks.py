from dataclasses import replace

import pyarrow as pa
import pytest
from tests.unit.manifest.conftest import MakeFacts, ToTable

from binrecon.manifest import (
    CountRange,
    GroupedSplit,
    ListedSplit,
    Manifest,
    SplitLeak,
    assemble_manifest,
    count_leaks,
)
from binrecon.manifest.facts import BinFacts, Fault, PhotoFacts
from binrecon.manifest.schema import SCHEMA, Status
from binrecon.published import PublishedSplit

GROUPED = GroupedSplit(0.2, 0.2)

SPLITS = {
    "00001": "train",  # one bin: 1 and 2
    "00002": "test",
    "00010": "train",  # neighbours, but other products
    "00011": "test",
    "00020": "train",  # a chain: 20, 22 and 24
    "00022": "val",
    "00024": "test",
    "00030": "train",  # unusable, so not in training
    "00031": "test",
    "1": "train",  # the other series, near 2 only by its number
    "3": "test",
}
ASINS = {
    **dict.fromkeys(["00001", "00002"], "A"),
    **dict.fromkeys(["00020", "00022", "00024"], "B"),
    **dict.fromkeys(["00030", "00031"], "C"),
    **dict.fromkeys(["1", "3"], "D"),
}


@pytest.fixture
def facts(make_facts: MakeFacts) -> list[BinFacts]:
    bins = [make_facts(bin_id, asin=ASINS.get(bin_id)) for bin_id in SPLITS]
    lost = PhotoFacts(fault=Fault(Status.MISSING_PHOTO, "there is no photo"))
    return [replace(one, photo=lost) if one.bin_id == "00030" else one for one in bins]


def assemble(facts: pa.Table, needs_records: bool) -> Manifest:
    published = PublishedSplit("stanford_all", dict.fromkeys(SPLITS, 1), SPLITS)
    return assemble_manifest(facts, CountRange(0, 5), ListedSplit(published, GROUPED, needs_records))


def test_count_leaks__with_records(facts: list[BinFacts], to_table: ToTable) -> None:
    assert count_leaks(assemble(to_table(facts), needs_records=True)) == [
        SplitLeak("val", bins=1, related_bins=1, is_exact=True),
        SplitLeak("test", bins=5, related_bins=3, is_exact=True),  # 00002, 00024 and 3
    ]


def test_count_leaks__without_records(facts: list[BinFacts], to_table: ToTable) -> None:
    bare = to_table(replace(one, record=None) for one in facts)
    assert count_leaks(assemble(bare, needs_records=False)) == [
        SplitLeak("val", bins=1, related_bins=1, is_exact=False),
        SplitLeak("test", bins=5, related_bins=3, is_exact=False),  # 00002, 00011 and 3, but not 00024
    ]


def test_count_leaks__grouped_split_has_none(make_facts: MakeFacts, to_table: ToTable) -> None:
    facts = to_table(make_facts(f"{number:05d}", asin=f"A{number // 3}") for number in range(300))
    leaks = count_leaks(assemble_manifest(facts, CountRange(0, 5), GROUPED))
    assert [(leak.split, leak.related_bins, leak.is_exact) for leak in leaks] == [
        ("val", 0, True),
        ("test", 0, True),
    ]


def test_count_leaks__no_training_bins(make_facts: MakeFacts, to_table: ToTable) -> None:
    published = PublishedSplit("unc", {"00001": 1}, {"00001": "val"})
    manifest = assemble_manifest(
        to_table([make_facts("00001")]), CountRange(0, 5), ListedSplit(published, GROUPED)
    )
    assert count_leaks(manifest) == [SplitLeak("val", bins=1, related_bins=0, is_exact=True)]


def test_count_leaks__nothing() -> None:
    assert count_leaks(Manifest(SCHEMA.empty_table())) == []


def test_share() -> None:
    assert SplitLeak("test", bins=8, related_bins=2, is_exact=True).share == 0.25
