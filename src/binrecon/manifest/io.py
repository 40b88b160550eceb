"""Tables as Parquet files that are whole or not there, and the manifest as one."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from binrecon.errors import ManifestError
from binrecon.manifest.schema import Manifest
from binrecon.sealed_file import append_seal, read_sealed
from binrecon.whole_file import drafting

ROWS_PER_GROUP = 20_000
"""Rows that are written or read at a time, about 10 MB; a whole table at once would take its memory twice."""


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write a manifest so that `path` holds, at any moment, the old file or the whole new one.

    Raises:
        OSError: If the folder cannot be written.
    """
    write_table(manifest.table, path)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest that `write_manifest` wrote.

    Raises:
        ManifestError: If the file does not exist or is not a manifest.
    """
    try:
        with path.open("rb") as file:
            return Manifest(pq.ParquetFile(file, page_checksum_verification=True).read())
    except FileNotFoundError as error:
        raise ManifestError(f"manifest '{path}' does not exist; build it first") from error
    except ManifestError as error:
        raise ManifestError(f"manifest '{path}': {error}") from error
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's own: no permission, a folder, a broken disk
        raise ManifestError(f"manifest '{path}' cannot be read: {error}; build it anew") from error


def write_table(table: pa.Table, path: Path, identity: str | None = None) -> None:
    """Write a table so that `path` holds, at any moment, the old file or the whole new one.

    Args:
        table: The table.
        path: Where.
        identity: What the file is sealed for, see `binrecon.sealed_file`; None leaves it plain Parquet.

    Raises:
        OSError: If the folder cannot be written.
    """
    with drafting(path, is_synced=True) as draft, draft.open("w+b") as file:
        pq.write_table(
            table, file, compression="zstd", write_page_checksum=True, row_group_size=ROWS_PER_GROUP
        )
        if identity is not None:
            append_seal(file, identity)


def read_row_groups(path: Path, identity: str) -> list[pa.Table]:
    """Read a table that `write_table` wrote and sealed, in the pieces in which it was written.

    Raises:
        DamagedCacheError: If the file is not what was written for this identity.
        OSError: If the file cannot be opened.
    """
    parquet = pq.ParquetFile(pa.BufferReader(pa.py_buffer(read_sealed(path, identity))))
    return [pack(parquet.read_row_group(number)) for number in range(parquet.num_row_groups)]


def pack(table: pa.Table) -> pa.Table:
    """Copy a table into memory of just its size: what grew as it was read takes half as much again."""
    pieces = pa.concat_tables([table, table.slice(0, 0)])  # of a single piece nothing would be copied
    return pieces.combine_chunks(memory_pool=pa.system_memory_pool())
