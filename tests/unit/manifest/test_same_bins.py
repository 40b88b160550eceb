import hashlib
from pathlib import Path

import pyarrow as pa
import pytest
from tests.unit.manifest.conftest import AddBin, MakeFacts, ToTable

from binrecon.errors import ManifestError
from binrecon.manifest import CountRange, GroupedSplit, Manifest, SplitRows, assemble_manifest
from binrecon.manifest.same_bins import check_photos, find_difference
from binrecon.sources import LocalSource


@pytest.fixture
def manifest(make_facts: MakeFacts, to_table: ToTable) -> Manifest:
    table = to_table(make_facts(f"{number:05d}") for number in range(20))
    return assemble_manifest(table, CountRange(0, 5), GroupedSplit(0.2, 0.2))


def change(manifest: Manifest, column: str, row: int, value: object) -> Manifest:
    values = manifest.table[column].to_pylist()
    values[row] = value
    field = manifest.table.schema.field(column)
    at = manifest.table.schema.get_field_index(column)
    return Manifest(manifest.table.set_column(at, field, pa.array(values, field.type)))


def test_find_difference__none(manifest: Manifest) -> None:
    assert find_difference(manifest, manifest) is None
    assert find_difference(manifest, change(manifest, "reason", 3, "in other words")) is None


@pytest.mark.parametrize(
    ("column", "value", "example"),
    [
        ("photo_sha256", "f" * 64, "bin 00003 has another photo"),
        ("recorded_count", 4, "bin 00003 has recorded count 1 there, 4 here"),
        ("recorded_count", None, "bin 00003 has recorded count 1 there, none here"),
        ("status", "corrupt_photo", "bin 00003 has status usable there, corrupt_photo here"),
    ],
)
def test_find_difference(column: str, value: object, example: str, manifest: Manifest) -> None:
    assert find_difference(manifest, change(manifest, column, 3, value)) == (1, example)


def test_find_difference__fewer_and_more(manifest: Manifest) -> None:
    fewer = Manifest(manifest.table.slice(2))
    assert find_difference(manifest, fewer) == (2, "bin 00000 is missing")
    assert find_difference(fewer, manifest) == (2, "bin 00000 is new")


def test_check_photos(tmp_path: Path, add_bin: AddBin) -> None:
    for bin_id in ("1", "2"):
        add_bin(bin_id)
    source = LocalSource(tmp_path)
    hashes = [hashlib.sha256(source.read_photo(bin_id)).hexdigest() for bin_id in ("1", "2")]
    check_photos(SplitRows(["1", "2"], [1, 1], hashes), source, "root: here")
    with pytest.raises(
        ManifestError, match=r"^root: here: .*: 2 of 3 photos are others or missing, .* bin 2; give"
    ):
        check_photos(SplitRows(["1", "2", "3"], [1, 1, 1], [*hashes[:1], "0", "0"]), source, "root: here")
