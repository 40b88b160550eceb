"""Listing of a bucket: every key with its size and ETag, listed once and cached."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from binrecon.console import ProgressMeter, get_console
from binrecon.errors import DamagedCacheError, SourceError
from binrecon.sealed_file import append_seal, discard, read_sealed
from binrecon.sources.layout import FOLDERS, PARTS, Part, check_bin_id
from binrecon.sources.s3.bucket import ListedObject

_SCHEMA = pa.schema([("bin_id", pa.string()), ("size", pa.int64()), ("etag", pa.string())])
_SHOWN_KEYS = 5
_SEAL = "listing of a bucket"


class ListsObjects(Protocol):
    """A bucket whose keys can be listed."""

    def list_objects(self, part: Part) -> Iterator[list[ListedObject]]:
        """List all keys of photos or of records, page by page."""
        ...


@dataclass(frozen=True)
class Listing:
    """The photos and the records of a bucket.

    Args:
        tables: For each part a table with the columns `bin_id`, `size` in bytes and `etag`.
        odd_keys: Keys that are not the name of a bin's photo or record.
    """

    tables: dict[Part, pa.Table]
    odd_keys: tuple[str, ...] = ()

    @property
    def bin_ids(self) -> list[str]:
        """Every bin that has a photo or a record, in text order."""
        both = pa.chunked_array([chunk for part in PARTS for chunk in self.tables[part]["bin_id"].chunks])
        return sorted(pc.unique(both).to_pylist())

    def find(self, part: Part, bin_ids: Sequence[str]) -> pa.Table:
        """Return size and ETag of the given bins, in their order; null for what the bucket does not hold."""
        table = self.tables[part]
        return table.take(pc.index_in(pa.array(bin_ids, pa.string()), table["bin_id"]))

    def select(self, part: Part, bin_ids: Sequence[str]) -> list[str]:
        """Return those of the given bins whose photo or record the bucket holds."""
        is_there = self.find(part, bin_ids)["size"].is_valid().to_pylist()
        return [bin_id for bin_id, there in zip(bin_ids, is_there, strict=True) if there]

    def describe_odd_keys(self) -> str | None:
        """Say which keys were left out; None if there are none."""
        if not self.odd_keys:
            return None
        shown = ", ".join(ascii(key) for key in self.odd_keys[:_SHOWN_KEYS])
        more = "" if len(self.odd_keys) <= _SHOWN_KEYS else ", …"
        found = f"{len(self.odd_keys)} keys in the bucket are not the name of a bin"
        return f"{found} and were left out: {shown}{more}"


def list_bucket(bucket: ListsObjects) -> Listing:
    """List a bucket, photos and records at the same time, showing progress.

    Raises:
        SourceError: If the listing breaks off, or the bucket holds no bin.
    """
    odd_keys: list[str] = []
    with ProgressMeter("listing the bucket", None, "keys") as meter, ThreadPoolExecutor(len(PARTS)) as pool:

        def gather(part: Part) -> pa.Table:
            batches = []
            for page in bucket.list_objects(part):
                batches.append(_read_page(part, page, odd_keys))
                meter.advance(len(page))
            return pa.Table.from_batches(batches, _SCHEMA)

        listing = Listing(dict(zip(PARTS, pool.map(gather, PARTS), strict=True)), tuple(odd_keys))
    if not any(table.num_rows for table in listing.tables.values()):
        folders = " nor ".join(f"'{folder}/*{suffix}'" for folder, suffix in FOLDERS.values())
        raise SourceError(f"source.bucket: neither {folders} is in the bucket; check source.prefix")
    return listing


def _read_page(part: Part, page: Sequence[ListedObject], odd_keys: list[str]) -> pa.RecordBatch:
    folder, suffix = FOLDERS[part]
    rows: list[tuple[str, int, str | None]] = []
    for key, size, etag in page:
        bin_id = key.removeprefix(f"{folder}/").removesuffix(suffix)
        try:
            check_bin_id(bin_id)
        except SourceError:
            odd_keys.append(key)
            continue
        if key != f"{folder}/{bin_id}{suffix}":
            odd_keys.append(key)
            continue
        rows.append((bin_id, size, etag))
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.RecordBatch.from_arrays(
        [pa.array(column, kind) for column, kind in zip(columns, _SCHEMA.types, strict=True)], schema=_SCHEMA
    )


def write_listing(listing: Listing, path: Path, draft: Path) -> None:
    """Write a listing so that `path` holds the old one or the whole new one.

    Args:
        listing: What to write.
        path: Where.
        draft: Where it is written first: a file of this process alone on the same disk.
    """
    marked = [
        table.append_column("part", pa.array([part] * table.num_rows, pa.string()))
        for part, table in listing.tables.items()
    ]
    with draft.open("w+b") as file:
        pq.write_table(pa.concat_tables(marked), file, compression="zstd")
        append_seal(file, _SEAL)
    draft.replace(path)


def read_listing(path: Path) -> Listing | None:
    """Read a listing that `write_listing` wrote; None if there is none, or it is damaged, which a line says.

    Raises:
        SourceError: If it may not be read.
    """
    try:
        table = pq.read_table(pa.BufferReader(pa.py_buffer(read_sealed(path, _SEAL))))
    except FileNotFoundError:
        return None
    except DamagedCacheError as error:
        get_console().print(f"cache: {error}, so the bucket is listed anew", highlight=False, markup=False)
        discard(path)
        return None
    except OSError as error:
        raise SourceError(f"'{path}' cannot be read ({error.strerror or error}); remove it") from error
    return Listing(
        {part: table.filter(pc.equal(table["part"], part)).select(_SCHEMA.names) for part in PARTS}
    )
