"""Sealed tables of a cache, each of which can be made again: damage costs a line and the work of its part."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from binrecon.console import get_console
from binrecon.errors import DamagedCacheError, OutputError
from binrecon.manifest.io import read_row_groups, write_table
from binrecon.sealed_file import discard, read_sealed


def write_part(table: pa.Table, path: Path) -> None:
    """Write a table of a cache; its folder is made as needed.

    Raises:
        OutputError: If the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(table, path, name_seal(path.parent))
    except OSError as error:
        raise OutputError(
            f"cache_dir: '{path.parent}' cannot be written ({error.strerror or error}); "
            "free space there, or name another folder"
        ) from error


def list_parts(folder: Path) -> list[Path]:
    """List the tables of a cache in order of their names, and note that the cache is in use."""
    with suppress(OSError):  # there is none yet, or it is another user's
        os.utime(folder)
    return sorted(folder.glob("*.parquet"))


def read_part(
    path: Path, schema: pa.Schema, consequence: str, find_fault: Callable[[list[pa.Table]], str | None]
) -> list[pa.Table]:
    """Read a table of a cache; of a damaged one nothing but a printed line is left.

    Args:
        path: Of the table. It may be gone, where another process has put it elsewhere.
        schema: What its columns must be.
        consequence: What the damage costs, for the line.
        find_fault: Says what else is wrong with it.

    Raises:
        OutputError: If it may not be read.
    """
    try:
        tables = read_row_groups(path, name_seal(path.parent))
        fault = None if _have_columns(tables, schema) else f"'{path}' has other columns"
        fault = fault or find_fault(tables)
    except FileNotFoundError:
        return []
    except DamagedCacheError as error:
        fault = str(error)
    except OSError as error:
        raise OutputError(
            f"cache_dir: '{path}' cannot be read ({error.strerror or error}); "
            "remove it, or name another folder"
        ) from error
    if fault is None:
        return tables
    discard(path)
    get_console().print(f"cache: {fault}, so {consequence}", highlight=False, markup=False)
    return []


def check_parts(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield each table of a cache that is not what was written, and what is wrong with it."""
    for path in sorted(folder.glob("*.parquet")):
        try:
            if not _is_plain(path):
                read_sealed(path, name_seal(folder))
        except (DamagedCacheError, OSError) as error:
            yield path, str(error)


def _is_plain(path: Path) -> bool:
    """Tell a table without a seal, as earlier versions wrote them into folders that are never read now."""
    return path.is_file() and path.read_bytes().endswith(b"PAR1")


def name_seal(folder: Path) -> str:
    """Return what the tables of a cache are sealed for."""
    return f"cache {folder.name}"


def _have_columns(tables: list[pa.Table], schema: pa.Schema) -> bool:
    return all(table.schema.equals(schema) for table in tables)
