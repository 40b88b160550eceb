import re
from collections.abc import Callable

import pyarrow as pa
import pytest

from binrecon.errors import ManifestError
from binrecon.manifest import CountRange, Manifest, SplitRule, Status, assemble_manifest
from binrecon.manifest.facts import BinFacts
from binrecon.manifest.schema import SCHEMA

TRAIN_ONLY = SplitRule(0, 0)


@pytest.fixture
def manifest(make_facts: Callable[..., BinFacts]) -> Manifest:
    counts = {"523": 2, "00523": 0, "100000": 9, "00010": 2}
    facts = [make_facts(bin_id, count) for bin_id, count in counts.items()]
    return assemble_manifest(facts, CountRange(0, 5), TRAIN_ONLY)


def test_rows_of__usable_in_order(manifest: Manifest) -> None:
    assert manifest.rows_of("train") == (["00010", "00523", "523"], [2, 0, 2])
    assert manifest.rows_of("val") == ([], [])


def test_count_statuses__zeros_included(manifest: Manifest) -> None:
    expected = {**dict.fromkeys(Status, 0), Status.USABLE: 3, Status.OUT_OF_RANGE: 1}
    assert manifest.count_statuses() == expected
    assert list(manifest.count_statuses()) == list(Status)


def test_count_classes(manifest: Manifest) -> None:
    assert list(manifest.count_classes("train").items()) == [(0, 1), (2, 2)]
    assert manifest.count_classes("test") == {}


def test_len(manifest: Manifest) -> None:
    assert len(manifest) == 4


def test_content_hash__not_the_chunks(manifest: Manifest) -> None:
    pieces = pa.concat_tables([manifest.table[:1], manifest.table[1:3], manifest.table[3:]])
    assert Manifest(pieces).content_hash() == manifest.content_hash()


def test_content_hash__every_value_counts(manifest: Manifest) -> None:
    hashes = {manifest.content_hash()}
    for name, value in {"group": "x", "split": "val", "reason": "y", "status": "z"}.items():
        at = SCHEMA.get_field_index(name)
        column = pa.array([value, *manifest.table[name].to_pylist()[1:]])
        hashes.add(Manifest(manifest.table.set_column(at, SCHEMA.field(at), column)).content_hash())
    hashes.add(Manifest(manifest.table[1:]).content_hash())
    assert len(hashes) == 6


def test_content_hash__pinned_forever(manifest: Manifest) -> None:
    assert manifest.content_hash() == "9d4983cac97267e9ee36582a0c16eacea3bed2510889bb39e4dc8ab25d0ac4cc"


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
