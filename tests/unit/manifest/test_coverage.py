from dataclasses import replace

import pyarrow as pa
import pytest
from tests.unit.manifest.conftest import MakeFacts, ToTable

from binrecon.manifest import (
    CountRange,
    Coverage,
    GroupedSplit,
    ListedSplit,
    assemble_manifest,
    count_coverage,
    describe_coverage,
)
from binrecon.published import PublishedSplit

RANGE = CountRange(0, 5)
GROUPED = GroupedSplit(0.2, 0.2)
UNC = PublishedSplit(
    "unc",
    {f"{number:05d}": 1 for number in range(3000)},
    {f"{number:05d}": "val" if number % 10 == 0 else "train" for number in range(3000)},
)


@pytest.fixture
def facts(make_facts: MakeFacts, to_table: ToTable) -> pa.Table:
    """26 bins, of which UNC lists 25; 00010 shows the bin of 00011."""
    ids = [*(f"{number:05d}" for number in range(25)), "77"]
    return to_table(make_facts(bin_id, asin="A" if bin_id in ("00010", "00011") else None) for bin_id in ids)


def test_count_coverage(facts: pa.Table) -> None:
    rule = ListedSplit(UNC, GROUPED)
    assert count_coverage(assemble_manifest(facts, RANGE, rule), rule) == Coverage(
        "unc", usable={"train": 22, "val": 3, "test": 0}, listed={"train": 2700, "val": 300}
    )


def test_describe_coverage__published(facts: pa.Table) -> None:
    rule = ListedSplit(UNC, GROUPED)
    assert describe_coverage(assemble_manifest(facts, RANGE, rule), rule) == [
        "split unc: at hand and usable 22 of 2,700 train, 3 of 300 val bins (0.8 %)",
        "leak: 1 of 3 val bins (33.3 %) have a before/after partner in training",
    ]


def test_describe_coverage__pool(facts: pa.Table) -> None:
    rule = ListedSplit(replace(UNC, name="udacity", splits=None), GROUPED)
    first, *leaks = describe_coverage(assemble_manifest(facts, RANGE, rule), rule)
    assert first == "split udacity: at hand and usable 25 of 3,000 bins (0.8 %)"
    assert [line.partition(" bins (0.0 %) ")[2] for line in leaks] == [
        "have a before/after partner in training"
    ] * 2


def test_describe_coverage__without_records(facts: pa.Table) -> None:
    rule = ListedSplit(UNC, GROUPED, needs_records=False)
    bare = [pa.nulls(len(facts), facts["items"].type)]
    manifest = assemble_manifest(
        facts.set_column(2, facts.schema.field("items"), pa.chunked_array(bare)), RANGE, rule
    )
    assert describe_coverage(manifest, rule)[1:] == [
        "leak: at most 3 of 3 val bins (100.0 %) have a direct before/after partner in training: "
        "so many have a training bin at most 2 ids away (records would tell; none was read)"
    ]


def test_describe_coverage__grouped_lists_nothing(facts: pa.Table) -> None:
    lines = describe_coverage(assemble_manifest(facts, RANGE, GROUPED), GROUPED)
    assert [line.split(":")[0] for line in lines] == ["leak", "leak"]
