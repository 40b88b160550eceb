import hashlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image
from tests.unit.manifest.conftest import CountingSource, MakeFacts

from binrecon.errors import MissingBinError
from binrecon.manifest.facts import (
    FACTS_SCHEMA,
    STAMPS_SCHEMA,
    BinFacts,
    Fault,
    PhotoFacts,
    read_bin,
    tabulate_facts,
)
from binrecon.manifest.photo_quality import measure_photo
from binrecon.manifest.record import Item, Record
from binrecon.manifest.reuse import find_unchanged
from binrecon.manifest.schema import Status
from binrecon.sources import LocalSource
from binrecon.sources.photo import decode_photo


def read_one(root: Path) -> BinFacts:
    return read_bin(LocalSource(root), "00001")


def test_read_bin__sound(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00523", 3)
    photo = (tmp_path / "bin-images" / "00523.jpg").read_bytes()
    quality = measure_photo(decode_photo(photo))
    assert read_bin(LocalSource(tmp_path), "00523") == BinFacts(
        "00523",
        PhotoFacts(20, 10, len(photo), hashlib.sha256(photo).hexdigest(), None, quality),
        Record(3, (Item("B00523", "Cup", 3),)),
        None,
    )


def test_read_bin__no_photo(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001", photo=None)
    facts = read_one(tmp_path)
    assert facts.photo == PhotoFacts(fault=Fault(Status.MISSING_PHOTO, "there is no photo"))
    assert facts.record is not None


def test_read_bin__no_record(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001", count=None)
    facts = read_one(tmp_path)
    assert facts.record is None
    assert facts.photo.fault is None
    assert facts.record_fault == Fault(Status.MISSING_RECORD, "there is no record")


def test_read_bin__record_not_asked_for(
    add_bin: Callable[..., None], counting_source: CountingSource
) -> None:
    add_bin("00001", record=b"<Error/>")
    facts = read_bin(counting_source, "00001", with_record=False)
    assert (facts.record, facts.record_fault) == (None, None)
    assert counting_source.ids("record") == []


def test_read_bin__png_named_jpg(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001")
    Image.new("RGB", (4, 4)).save(tmp_path / "bin-images" / "00001.jpg", "PNG")
    photo = read_one(tmp_path).photo
    assert photo.fault == Fault(Status.CORRUPT_PHOTO, "photo: not a JPEG: it is a PNG image")
    assert (photo.width, photo.height) == (None, None)
    assert photo.byte_count == (tmp_path / "bin-images" / "00001.jpg").stat().st_size


def test_read_bin__photo_cut_off(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001")
    path = tmp_path / "bin-images" / "00001.jpg"
    path.write_bytes(path.read_bytes()[:-2])
    reason = f"photo: the JPEG is cut off after {path.stat().st_size} bytes"
    assert read_one(tmp_path).photo.fault == Fault(Status.CORRUPT_PHOTO, reason)


def test_read_bin__record_not_json(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001", record=b"<Error/>")
    reason = "record: not JSON: Expecting value at line 1, column 1"
    assert read_one(tmp_path).record_fault == Fault(Status.MALFORMED_RECORD, reason)


def test_read_bin__contradictory_record_is_kept(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001", record=b'{"EXPECTED_QUANTITY": 4, "BIN_FCSKU_DATA": {"B1": {"quantity": 3}}}')
    facts = read_one(tmp_path)
    reason = "record: claims 4 items, but they add up to 3"
    assert facts.record == Record(4, (Item("B1", None, 3),))
    assert facts.record_fault == Fault(Status.CONTRADICTORY_RECORD, reason)


def test_read_bin__goes_while_it_is_read(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001")

    class Vanishing(LocalSource):
        def read_photo(self, bin_id: str) -> bytes:
            raise MissingBinError(bin_id)

    photo = read_bin(Vanishing(tmp_path), "00001").photo
    assert photo.fault == Fault(Status.MISSING_PHOTO, "there is no photo")


def test_read_bin__other_errors_are_raised(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001")

    class Locked(LocalSource):
        def read_record(self, bin_id: str) -> bytes:
            raise PermissionError(bin_id)

    with pytest.raises(PermissionError, match="00001"):
        read_bin(Locked(tmp_path), "00001")


def test_tabulate_facts__what_could_not_be_read_is_read_again(make_facts: MakeFacts) -> None:
    """An error of the system may pass without a trace in the file's times."""
    unreadable = PhotoFacts(
        fault=Fault(Status.UNREADABLE_PHOTO, "photo: it cannot be read (Stale file handle)")
    )
    stamp = {"size": 3, "mtime_ns": 4, "ctime_ns": 5}
    stamps = pa.Table.from_pylist(
        [{"bin_id": "00001", "photo_stamp": stamp, "record_stamp": stamp}], schema=STAMPS_SCHEMA
    )
    table = tabulate_facts([BinFacts("00001", unreadable)], stamps)
    assert find_unchanged(stamps, [table]).is_missing.tolist() == [True]
    assert find_unchanged(table.select(STAMPS_SCHEMA.names), [table]).is_missing.tolist() == [True]


def test_tabulate_facts(make_facts: MakeFacts) -> None:
    missing = PhotoFacts(fault=Fault(Status.MISSING_PHOTO, "there is no photo"))
    malformed = Fault(Status.MALFORMED_RECORD, "record: odd")
    stamp = {"size": 3, "mtime_ns": 4, "ctime_ns": 5}
    stamps = [
        {"bin_id": "00001", "photo_stamp": stamp, "record_stamp": stamp},
        {"bin_id": "00002", "record_stamp": stamp},
    ]
    table = tabulate_facts(
        [make_facts("00001", 2), BinFacts("00002", missing, None, malformed)],
        pa.Table.from_pylist(stamps, schema=STAMPS_SCHEMA),
    )
    assert table.schema.equals(FACTS_SCHEMA)
    assert table.to_pylist() == [
        {
            "bin_id": "00001",
            "recorded_count": 2,
            "items": [{"asin": "B00001", "name": "Cup", "quantity": 2}],
            "photo_width": 20,
            "photo_height": 10,
            "photo_bytes": 700,
            "photo_sha256": "hash 00001",
            "photo_sharpness": None,
            "photo_brightness": None,
            "photo_damage": None,
            "photo_status": None,
            "photo_reason": None,
            "record_status": None,
            "record_reason": None,
            "photo_stamp": stamp,
            "record_stamp": stamp,
        },
        {
            **dict.fromkeys(FACTS_SCHEMA.names),
            "bin_id": "00002",
            "photo_status": "missing_photo",
            "photo_reason": "there is no photo",
            "record_status": "malformed_record",
            "record_reason": "record: odd",
            "record_stamp": stamp,
        },
    ]
