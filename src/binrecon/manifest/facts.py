"""Statistics of each bin's files, independent of any request, and the table that stores them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from binrecon.errors import MissingBinError, PhotoError, RecordError, UnreadableBinError
from binrecon.manifest.photo_quality import PhotoQuality, measure_photo
from binrecon.manifest.record import Record, parse_record
from binrecon.manifest.schema import SCHEMA, Status
from binrecon.sources import Source
from binrecon.sources.layout import Part
from binrecon.sources.photo import decode_photo_noting
from binrecon.sources.source import UNKNOWN_STAMP

FACTS_VERSION = 3
"""To be raised with every change after which the same bytes give other facts, or facts lie otherwise on disk:
it empties the cache."""

UNREADABLE: dict[Part, Status] = {"photo": Status.UNREADABLE_PHOTO, "record": Status.UNREADABLE_RECORD}
"""For each part the status of a bin of which it cannot be read."""

_STAMP = pa.struct([("size", pa.int64()), ("mtime_ns", pa.int64()), ("ctime_ns", pa.int64())])

STAMPS_SCHEMA = pa.schema(
    [
        SCHEMA.field("bin_id"),
        pa.field("photo_stamp", _STAMP),  # null without a photo
        pa.field("record_stamp", _STAMP),  # null without a record, or where none was asked for
    ]
)
"""Columns that tell whether a bin has changed since it was read."""

FACTS_SCHEMA = pa.schema(
    [
        *(
            SCHEMA.field(name)
            for name in (
                "bin_id", "recorded_count", "items",
                "photo_width", "photo_height", "photo_bytes", "photo_sha256",
            )
        ),
        pa.field("photo_sharpness", pa.float32()),  # see `PhotoQuality`; null unless the photo decodes
        pa.field("photo_brightness", pa.float32()),
        pa.field("photo_damage", pa.string()),  # what the decoder says of one that it decodes; mostly null
        pa.field("photo_status", pa.string()),  # null if the photo is fine
        pa.field("photo_reason", pa.string()),
        pa.field("record_status", pa.string()),  # null if the record is fine, or none was asked for
        pa.field("record_reason", pa.string()),
        STAMPS_SCHEMA.field("photo_stamp"),
        STAMPS_SCHEMA.field("record_stamp"),
    ]
)  # fmt: skip
"""Columns of the facts: one row per bin, in order of `bin_id`. What a column means: see `SCHEMA`."""


class Fault(NamedTuple):
    """One thing wrong with a bin."""

    status: Status
    reason: str


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """Statistics of a photo.

    Args:
        width: Pixels as decoded; None unless it decodes.
        height: As `width`.
        byte_count: Size as stored; None if there is no photo.
        sha256: Hash of the stored bytes in hexadecimal; None if there is no photo.
        fault: Why it cannot be used; None if it decodes.
        quality: How sharp and bright it is; None unless it decodes.
        damage: What the decoder said of the bytes of a photo that it decoded all the same; None if nothing.
    """

    width: int | None = None
    height: int | None = None
    byte_count: int | None = None
    sha256: str | None = None
    fault: Fault | None = None
    quality: PhotoQuality | None = None
    damage: str | None = None


@dataclass(frozen=True, slots=True)
class BinFacts:
    """Statistics of one bin by itself.

    Args:
        bin_id: Its key, verbatim.
        photo: Its photo.
        record: Its record; None if there is none that can be read, or none was asked for.
        record_fault: What is wrong with the record; a contradictory one is kept beside its fault.
    """

    bin_id: str
    photo: PhotoFacts
    record: Record | None = None
    record_fault: Fault | None = None


def read_bin(source: Source, bin_id: str, with_record: bool = True) -> BinFacts:
    """Decode one bin's photo and read its record.

    A missing, unreadable or damaged photo or record is a fact about its bin; any other error (no network, no
    free file descriptor) is none, and is raised.

    Args:
        source: Where the bin lies.
        bin_id: Its key.
        with_record: Whether the record is asked for; if not, it is not looked at.
    """
    photo = _read_photo(source, bin_id)
    return BinFacts(bin_id, photo, *(_read_record(source, bin_id) if with_record else (None, None)))


def tabulate_facts(facts: Sequence[BinFacts], stamps: pa.Table) -> pa.Table:
    """Turn facts into rows of `FACTS_SCHEMA`.

    Args:
        facts: One for each row of `stamps`, in the same order.
        stamps: With the columns of `STAMPS_SCHEMA`.
    """
    schema = pa.schema(field for field in FACTS_SCHEMA if field.name not in STAMPS_SCHEMA.names[1:])
    table = pa.Table.from_pylist([_make_row(one) for one in facts], schema=schema)
    for status, name in zip(UNREADABLE.values(), STAMPS_SCHEMA.names[1:], strict=True):
        is_unreadable = pc.equal(table[name.replace("stamp", "status")], str(status))
        kept = pc.if_else(pc.fill_null(is_unreadable, False), pa.scalar(UNKNOWN_STAMP, _STAMP), stamps[name])
        table = table.append_column(STAMPS_SCHEMA.field(name), kept)
    return table


def _make_row(facts: BinFacts) -> dict[str, Any]:
    """Build a row, whose columns hold different types."""
    photo, record = facts.photo, facts.record
    photo_status, photo_reason = photo.fault or (None, None)
    sharpness, brightness = photo.quality or (None, None)
    record_status, record_reason = facts.record_fault or (None, None)
    items = None if record is None else [(item.asin, item.name, item.quantity) for item in record.items]
    return {
        "bin_id": facts.bin_id,
        "recorded_count": None if record is None else record.recorded_count,
        "items": items,
        "photo_width": photo.width,
        "photo_height": photo.height,
        "photo_bytes": photo.byte_count,
        "photo_sha256": photo.sha256,
        "photo_sharpness": sharpness,
        "photo_brightness": brightness,
        "photo_damage": photo.damage,
        "photo_status": photo_status,
        "photo_reason": photo_reason,
        "record_status": record_status,
        "record_reason": record_reason,
    }


def _read_photo(source: Source, bin_id: str) -> PhotoFacts:
    try:
        photo = source.read_photo(bin_id)
    except MissingBinError:
        return PhotoFacts(fault=Fault(Status.MISSING_PHOTO, "there is no photo"))
    except UnreadableBinError as error:
        return PhotoFacts(fault=Fault(UNREADABLE["photo"], f"photo: {error.reason}"))
    sha256 = hashlib.sha256(photo).hexdigest()
    try:
        pixels, damage = decode_photo_noting(photo)
    except PhotoError as error:
        fault = Fault(Status.CORRUPT_PHOTO, f"photo: {error}")
        return PhotoFacts(byte_count=len(photo), sha256=sha256, fault=fault)
    _, height, width = pixels.shape
    return PhotoFacts(width, height, len(photo), sha256, quality=measure_photo(pixels), damage=damage)


def _read_record(source: Source, bin_id: str) -> tuple[Record | None, Fault | None]:
    try:
        record = parse_record(source.read_record(bin_id))
    except MissingBinError:
        return None, Fault(Status.MISSING_RECORD, "there is no record")
    except UnreadableBinError as error:
        return None, Fault(UNREADABLE["record"], f"record: {error.reason}")
    except RecordError as error:
        return None, Fault(Status.MALFORMED_RECORD, f"record: {error}")
    if not record.is_contradictory:
        return record, None
    reason = f"record: claims {record.recorded_count} items, but they add up to {record.item_sum}"
    return record, Fault(Status.CONTRADICTORY_RECORD, reason)
