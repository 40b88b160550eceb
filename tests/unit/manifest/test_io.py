import re
import stat
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.manifest.conftest import MakeFacts, ToTable

from binrecon.errors import ManifestError
from binrecon.manifest import (
    CountRange,
    GroupedSplit,
    Manifest,
    assemble_manifest,
    io,
    read_manifest,
    write_manifest,
)
from binrecon.manifest.facts import FACTS_SCHEMA
from binrecon.manifest.io import pack, read_row_groups, write_table


@pytest.fixture
def manifest(make_facts: MakeFacts, to_table: ToTable) -> Manifest:
    facts = [make_facts(bin_id, count) for bin_id, count in {"00007": 0, "7": 9, "00523": 2}.items()]
    return assemble_manifest(to_table(facts), CountRange(0, 5), GroupedSplit(0.2, 0.2))


def test_write_then_read(manifest: Manifest, tmp_path: Path) -> None:
    write_manifest(manifest, tmp_path / "manifest.parquet")
    again = read_manifest(tmp_path / "manifest.parquet")
    assert again.table.equals(manifest.table)
    assert again.content_hash() == manifest.content_hash()


def test_write_then_read__ids_are_verbatim(manifest: Manifest, tmp_path: Path) -> None:
    write_manifest(manifest, tmp_path / "manifest.parquet")
    assert read_manifest(tmp_path / "manifest.parquet").table["bin_id"].to_pylist() == ["00007", "00523", "7"]


def test_write_then_read__nothing(tmp_path: Path) -> None:
    empty = assemble_manifest(FACTS_SCHEMA.empty_table(), CountRange(0, 5), GroupedSplit(0.2, 0.2))
    write_manifest(empty, tmp_path / "manifest.parquet")
    assert len(read_manifest(tmp_path / "manifest.parquet")) == 0


def test_read__other_encoding_same_hash(manifest: Manifest, tmp_path: Path) -> None:
    path = tmp_path / "manifest.parquet"
    pq.write_table(manifest.table, path, compression="none", use_dictionary=False, row_group_size=1)
    assert read_manifest(path).content_hash() == manifest.content_hash()


def test_write__leaves_one_readable_file(manifest: Manifest, tmp_path: Path) -> None:
    path = tmp_path / "manifest.parquet"
    path.write_text("old")
    write_manifest(manifest, path)
    assert list(tmp_path.iterdir()) == [path]
    (tmp_path / "plain").touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_write__failure_keeps_the_old_file(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "manifest.parquet"
    path.write_text("old")

    def fill_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", fill_disk)
    with pytest.raises(OSError, match="No space left"):
        write_manifest(manifest, path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


def test_write__makes_its_folder(manifest: Manifest, tmp_path: Path) -> None:
    write_manifest(manifest, tmp_path / "new" / "manifest.parquet")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["manifest.parquet"]


def test_read__no_file(tmp_path: Path) -> None:
    message = f"manifest '{tmp_path}/gone.parquet' does not exist; build it first"
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        read_manifest(tmp_path / "gone.parquet")


@pytest.mark.parametrize("content", [b"", b"bin_id,recorded_count\n", b"PAR1" * 99])
def test_read__not_parquet(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "manifest.parquet"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=f"^manifest '{path}' cannot be read: .+; build it anew$"):
        read_manifest(path)


def test_read__damaged(make_facts: MakeFacts, to_table: ToTable, tmp_path: Path) -> None:
    facts = to_table(make_facts(f"{number:05d}") for number in range(2000))
    path = tmp_path / "manifest.parquet"
    write_manifest(assemble_manifest(facts, CountRange(0, 5), GroupedSplit(0.2, 0.2)), path)
    content = path.read_bytes()
    path.write_bytes(content[:2000] + bytes(500) + content[2500:])
    with pytest.raises(ManifestError, match=f"^manifest '{path}' cannot be read: .+; build it anew$"):
        read_manifest(path)


def test_read__another_table(tmp_path: Path) -> None:
    path = tmp_path / "manifest.parquet"
    pq.write_table(pa.table({"bin_id": [523]}), path)
    with pytest.raises(ManifestError, match=f"^manifest '{path}': not the columns of a manifest: it lacks "):
        read_manifest(path)


def test_read__a_folder(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_manifest(tmp_path)


def test_read_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"number": list(range(10)), "items": [[{"asin": str(number)}] for number in range(10)]})
    monkeypatch.setattr(io, "ROWS_PER_GROUP", 4)
    write_table(table, tmp_path / "table.parquet", "me")
    pieces = read_row_groups(tmp_path / "table.parquet", "me")
    assert [len(piece) for piece in pieces] == [4, 4, 2]
    assert pa.concat_tables(pieces).equals(table)


def test_pack() -> None:
    table = pa.table({"text": [f"text {number}" for number in range(1000)]})
    packed = pack(table[10:20])
    assert packed.equals(table[10:20])
    assert packed.get_total_buffer_size() < table.get_total_buffer_size() / 50
