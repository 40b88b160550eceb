"""The manifest: one table, one row per bin, that says which bins exist and what becomes of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from binrecon.config.split_words import Split
from binrecon.errors import ManifestError
from binrecon.manifest.content_hash import hash_table


class Status(StrEnum):
    """The use of a bin. A bin with several faults has the first of them in this order as its status."""

    USABLE = "usable"
    """Photo and record are sound and agree with what was asked for; only such a bin has a split."""
    MISSING_PHOTO = "missing_photo"
    """There is a record, but no photo."""
    UNREADABLE_PHOTO = "unreadable_photo"
    """There is a photo, but the system gives no bytes of it, its name cannot be an id, or it is two files."""
    CORRUPT_PHOTO = "corrupt_photo"
    """The photo is not a JPEG, or does not decode to its end, or is far too large."""
    MISSING_RECORD = "missing_record"
    """There is a photo, but no record, so its count is unknown (not 0)."""
    UNREADABLE_RECORD = "unreadable_record"
    """There is a record, but nothing can be had of it; see `UNREADABLE_PHOTO`."""
    MALFORMED_RECORD = "malformed_record"
    """The record is not one, so its count is unknown."""
    CONTRADICTORY_RECORD = "contradictory_record"
    """The record claims one count, and its items add up to another, or the published list gives another."""
    DUPLICATE_PHOTO = "duplicate_photo"
    """The photo is, byte for byte, that of an earlier bin."""
    NOT_LISTED = "not_listed"
    """The published split that was asked for does not list the bin."""
    OUT_OF_RANGE = "out_of_range"
    """The recorded count is none of those asked for."""
    SET_ASIDE = "set_aside"
    """The bin would train, but only a share of such bins was asked for (`data.train_share`)."""


SCHEMA = pa.schema(
    [
        pa.field("bin_id", pa.string(), nullable=False),  # verbatim: 523 and 00523 are two bins
        pa.field("recorded_count", pa.int32()),  # null without a readable record
        pa.field(
            "items",  # null without a readable record, empty for an empty bin
            pa.list_(pa.struct([("asin", pa.string()), ("name", pa.string()), ("quantity", pa.int32())])),
        ),
        pa.field("photo_width", pa.int32()),  # pixels as decoded; null unless the photo decodes
        pa.field("photo_height", pa.int32()),
        pa.field("photo_bytes", pa.int64()),  # null without a photo
        pa.field("photo_sha256", pa.string()),
        pa.field("group", pa.string(), nullable=False),  # the first bin_id of the group
        pa.field("split", pa.string()),  # train, val or test; null unless usable
        pa.field("status", pa.string(), nullable=False),
        pa.field("reason", pa.string()),  # every fault, in the order of Status; null if usable
    ]
)
"""Columns of the manifest."""


class SplitRows(NamedTuple):
    """The usable bins of one split, in order of their id."""

    bin_ids: list[str]
    recorded_counts: list[int]
    photo_hashes: list[str]


@dataclass(frozen=True)
class Manifest:
    """Every bin of a source with its count, group, split and status, in order of its id.

    Args:
        table: A pyarrow table with the columns of `SCHEMA`, sorted by `bin_id`, each id once.

    Raises:
        ManifestError: If the columns are others, or the ids are not sorted or repeat.
    """

    table: pa.Table

    def __post_init__(self) -> None:
        if not self.table.schema.equals(SCHEMA):
            raise ManifestError(_describe_schema_difference(self.table.schema))
        ids = self.table["bin_id"]
        if not pc.all(pc.less(ids[:-1], ids[1:]), min_count=0).as_py():
            raise ManifestError("the manifest's bin ids are not sorted or repeat; build it anew")

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def select_rows(self, split: Split, columns: Sequence[str]) -> pa.Table:
        """Return some columns of the usable bins of a split; only these are copied."""
        return self.table.select(columns).filter(pc.equal(self.table["split"], split))

    def rows_of(self, split: Split) -> SplitRows:
        """List the usable bins of a split in order of their id."""
        columns = ["bin_id", "recorded_count", "photo_sha256"]
        rows = self.select_rows(split, columns)
        return SplitRows(*(rows[column].to_pylist() for column in columns))

    def count_statuses(self) -> dict[Status, int]:
        """Count the bins of each status, in the order of `Status`, zeros included."""
        found = count_values(self.table["status"])
        return {status: found.get(status, 0) for status in Status}

    def count_classes(self, split: Split) -> dict[int, int]:
        """Count the usable bins of each recorded count in a split; counts that do not occur are left out."""
        rows = self.select_rows(split, ["recorded_count"])
        return dict(sorted(count_values(rows["recorded_count"]).items()))

    @cached_property
    def judged_split(self) -> Split:
        """The split that a model is judged on: `test`, or `val` where nothing was kept for the test."""
        return "test" if pc.any(pc.equal(self.table["split"], "test")).as_py() else "val"

    def content_hash(self) -> str:
        """Hash every value of every row, whatever way the table is stored."""
        return self._content_hash

    @cached_property
    def _content_hash(self) -> str:
        return hash_table(self.table)


def count_values(values: pa.ChunkedArray) -> dict[Any, int]:
    """Count each value, of whatever type the column holds."""
    counted = pc.value_counts(values)
    return dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))


def _describe_schema_difference(found: pa.Schema) -> str:
    """Name the columns in which a table differs from a manifest."""
    missing = [field.name for field in SCHEMA if field.name not in found.names]
    unknown = [name for name in found.names if name not in SCHEMA.names]
    other = [
        f"{field.name} ({found.field(field.name).type} for {field.type})"
        for field in SCHEMA
        if found.names.count(field.name) == 1 and not found.field(field.name).equals(field)
    ]
    parts = [("lacks", missing), ("has unknown", unknown), ("has other types in", other)]
    faults = [f"{verb} {', '.join(names)}" for verb, names in parts if names] or ["has them in another order"]
    return f"not the columns of a manifest: it {'; '.join(faults)}; build it anew"
