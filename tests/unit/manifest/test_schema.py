import re

import pyarrow as pa
import pytest
from tests.unit.manifest.conftest import MakeFacts, ToTable

from binrecon.errors import ManifestError
from binrecon.manifest import CountRange, GroupedSplit, Manifest, Status, assemble_manifest
from binrecon.manifest.schema import SCHEMA, count_values

TRAIN_ONLY = GroupedSplit(0, 0)


@pytest.fixture
def manifest(make_facts: MakeFacts, to_table: ToTable) -> Manifest:
    counts = {"523": 2, "00523": 0, "100000": 9, "00010": 2}
    facts = [make_facts(bin_id, count) for bin_id, count in counts.items()]
    return assemble_manifest(to_table(facts), CountRange(0, 5), TRAIN_ONLY)


def test_rows_of__usable_in_order(manifest: Manifest) -> None:
    assert manifest.rows_of("train") == (
        ["00010", "00523", "523"],
        [2, 0, 2],
        ["hash 00010", "hash 00523", "hash 523"],
    )
    assert manifest.rows_of("val") == ([], [], [])


def test_count_statuses__zeros_included(manifest: Manifest) -> None:
    expected = {**dict.fromkeys(Status, 0), Status.USABLE: 3, Status.OUT_OF_RANGE: 1}
    assert manifest.count_statuses() == expected
    assert list(manifest.count_statuses()) == list(Status)


def test_count_classes(manifest: Manifest) -> None:
    assert list(manifest.count_classes("train").items()) == [(0, 1), (2, 2)]
    assert manifest.count_classes("test") == {}


def test_len(manifest: Manifest) -> None:
    assert len(manifest) == 4


def test_select_rows(manifest: Manifest) -> None:
    rows = manifest.select_rows("train", ["group", "bin_id"])
    assert rows.to_pylist()[1] == {"group": "00523", "bin_id": "00523"}
    assert len(rows) == 3


def test_judged_split(manifest: Manifest) -> None:
    splits = pa.array(["train", None, "val", "val"])
    at = SCHEMA.get_field_index("split")
    assert Manifest(manifest.table.set_column(at, SCHEMA.field(at), splits)).judged_split == "val"
    splits = pa.array(["train", None, "val", "test"])
    assert Manifest(manifest.table.set_column(at, SCHEMA.field(at), splits)).judged_split == "test"


def test_judged_split__nothing() -> None:
    assert Manifest(SCHEMA.empty_table()).judged_split == "val"


def test_content_hash__pinned_forever(manifest: Manifest) -> None:
    assert manifest.content_hash() == "3e1e16651e107ef02a8b11f62ef93139f79eae1f0067bf96ce8d203c901a5bba"


def test_count_values() -> None:
    assert count_values(pa.chunked_array([[1, 2], [1, None]])) == {1: 2, 2: 1, None: 1}


def test_manifest__lacks_a_column(manifest: Manifest) -> None:
    message = "not the columns of a manifest: it lacks group, reason; has unknown label; build it anew"
    table = manifest.table.drop_columns(["group", "reason"]).append_column("label", pa.array([1, 2, 3, 4]))
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        Manifest(table)


def test_manifest__ids_as_numbers(manifest: Manifest) -> None:
    table = manifest.table.set_column(0, "bin_id", pa.array([1, 2, 3, 4]))
    message = "not the columns of a manifest: it has other types in bin_id (int64 for string); build it anew"
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        Manifest(table)


def test_manifest__columns_in_another_order(manifest: Manifest) -> None:
    message = "not the columns of a manifest: it has them in another order; build it anew"
    with pytest.raises(ManifestError, match=f"^{message}$"):
        Manifest(manifest.table.select(SCHEMA.names[::-1]))


@pytest.mark.parametrize("order", [[1, 0], [0, 0]], ids=["unsorted", "repeated"])
def test_manifest__ids_out_of_order(manifest: Manifest, order: list[int]) -> None:
    message = "the manifest's bin ids are not sorted or repeat; build it anew"
    with pytest.raises(ManifestError, match=f"^{message}$"):
        Manifest(manifest.table.take(order))
