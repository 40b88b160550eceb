"""The two columns of an inventory as text: from CSV as spreadsheets and databases write it, or Parquet."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from binrecon.config.spelling import did_you_mean
from binrecon.errors import InventoryError
from binrecon.formulas import FORMULA
from binrecon.regular_file import open_regular

CSV_SUFFIXES = (".csv", ".tsv", ".txt")
PARQUET_SUFFIXES = (".parquet", ".pq")

_DELIMITERS = (",", ";", "\t", "|")
_UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""Byte-order marks of UTF-16, in which Excel saves `Unicode Text`."""
SEPARATOR_MARK = "sep="
"""Excel's own word for a delimiter, in a line before the header."""

_HEAD_BYTES = 65_536
_SHOWN = 3


class TextColumns(NamedTuple):
    """The columns of an inventory, as text.

    Args:
        bin_ids: Text; null for an empty cell.
        counts: Text; null for an empty cell.
        first_row: Number of the first row, as a spreadsheet shows it.
        ignored: Names of the columns that were not asked for.
    """

    bin_ids: pa.ChunkedArray
    counts: pa.ChunkedArray
    first_row: int
    ignored: tuple[str, ...]


def read_text_columns(path: Path, bin_column: str, count_column: str) -> TextColumns:
    """Read the two columns of an inventory.

    Args:
        path: A CSV or Parquet file.
        bin_column: Name of the column with the bins' keys; upper and lower case are the same.
        count_column: Name of the column with the recorded counts.

    Raises:
        InventoryError: If there is no such file, it is of another kind, or the columns are not there.
    """
    suffix = path.suffix.lower()
    if suffix not in CSV_SUFFIXES + PARQUET_SUFFIXES:
        raise InventoryError(
            f"inventory: '{path}' is neither {', '.join(CSV_SUFFIXES)} nor {', '.join(PARQUET_SUFFIXES)}; "
            "save a spreadsheet as CSV UTF-8"
        )
    read = _read_parquet if suffix in PARQUET_SUFFIXES else _read_csv
    try:
        with open_regular(path) as file:
            return read(path, file, (bin_column, count_column))
    except FileNotFoundError as error:
        message = f"inventory: '{path}' does not exist; give the path of a CSV or Parquet file"
        raise InventoryError(message) from error
    except OSError as error:
        raise InventoryError(
            f"inventory: '{path}' cannot be read ({error.strerror or error}); "
            "give the path of a CSV or Parquet file"
        ) from error


def _read_parquet(path: Path, file: BinaryIO, wanted: tuple[str, str]) -> TextColumns:
    try:
        names = pq.read_schema(file).names
        found = _find_columns(path, names, wanted)
        table = pq.read_table(file, columns=list(found))
    except (pa.ArrowException, OSError) as error:
        raise InventoryError(f"inventory: '{path}' is no Parquet file that can be read: {error}") from error
    bin_ids, counts = (_list_plainly(table[name]) for name in found)
    if not (pa.types.is_string(bin_ids.type) or pa.types.is_large_string(bin_ids.type)):
        raise InventoryError(
            f"inventory: the column '{found[0]}' of '{path}' is {bin_ids.type}, not text; "
            "a bin's key is text (523 and 00523 are two bins), so write the column as strings"
        )
    if pa.types.is_nested(counts.type):
        raise InventoryError(
            f"inventory: the column '{found[1]}' of '{path}' is {counts.type}, not numbers; "
            "write a count for each row"
        )
    texts = [column.cast(pa.string()) for column in (bin_ids, counts)]
    return TextColumns(texts[0], texts[1], first_row=1, ignored=_list_ignored(names, found))


def _list_plainly(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Undo a dictionary, as pandas writes a categorical column with."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _read_csv(path: Path, file: BinaryIO, wanted: tuple[str, str]) -> TextColumns:
    head = _read_head(file)
    lines = head.text.splitlines()
    skipped = 1 if lines and lines[0].lower().startswith(SEPARATOR_MARK) else 0
    header = next((line for line in lines[skipped:] if line.strip()), "")
    delimiter = lines[0][4:5] if skipped and len(lines[0]) > 4 else _guess_delimiter(header)
    names = next(csv.reader([header], delimiter=delimiter), [])
    found = _find_columns(path, names, wanted)
    rows = _parse(path, file, found, delimiter, head.encoding, skipped)
    bin_ids = pc.replace_substring_regex(rows[found[0]], rf"\A'{FORMULA}", r"\1")  # as our own CSVs have it
    ignored = _list_ignored(names, found)
    return TextColumns(bin_ids, rows[found[1]], first_row=2 + skipped, ignored=ignored)


class _Head(NamedTuple):
    text: str
    encoding: str


def _read_head(file: BinaryIO) -> _Head:
    content = file.read(_HEAD_BYTES)
    file.seek(0)
    if content.startswith(UTF16_MARKS):
        return _Head(content[: len(content) // 2 * 2].decode("utf-16", "replace"), "utf-16")
    return _Head(content.removeprefix(_UTF8_MARK).decode("utf-8", "replace"), "utf8")


def _guess_delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _find_columns(path: Path, names: Sequence[str], wanted: tuple[str, str]) -> tuple[str, str]:
    """Return the names of the wanted columns as the file writes them."""
    known: dict[str, list[str]] = {}
    for name in names:
        known.setdefault(name.strip().lower(), []).append(name)
    matches = [known.get(name.strip().lower(), []) for name in wanted]
    problems = [
        f"has no column '{name}'{did_you_mean(name.lower(), known)}"
        if not match
        else f"has {len(match)} columns '{name}'"
        for name, match in zip(wanted, matches, strict=True)
        if len(match) != 1
    ]
    if problems:
        shown = ", ".join(f"'{name}'" for name in names[:20]) or "none"
        raise InventoryError(
            f"inventory: '{path}' {' and '.join(problems)}; its columns are {shown}. "
            "Say which they are with bin_column=NAME count_column=NAME"
        )
    return matches[0][0], matches[1][0]


def _list_ignored(names: Sequence[str], found: Sequence[str]) -> tuple[str, ...]:
    """Name the other columns; the nameless ones that a spreadsheet leaves at the end are none."""
    return tuple(name.strip() for name in names if name not in found and name.strip())


def _parse(
    path: Path, file: BinaryIO, columns: tuple[str, str], delimiter: str, encoding: str, skipped: int
) -> pa.Table:
    ragged: list[str] = []

    def note(row: pc_csv.InvalidRow) -> str:
        ragged.append(
            f"row {row.number + skipped} has {row.actual_columns} cells instead of {row.expected_columns}"
        )
        return "skip"

    try:
        rows = pc_csv.read_csv(
            file,
            pc_csv.ReadOptions(use_threads=False, encoding=encoding, skip_rows=skipped),
            pc_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note),
            pc_csv.ConvertOptions(
                include_columns=list(columns),
                column_types=dict.fromkeys(columns, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except (pa.ArrowException, UnicodeError) as error:
        hint = "; save it as CSV UTF-8" if "UTF" in str(error) or isinstance(error, UnicodeError) else ""
        raise InventoryError(f"inventory: '{path}' cannot be read as CSV: {error}{hint}") from error
    if ragged:
        more = f" and {len(ragged) - _SHOWN:,} more" if len(ragged) > _SHOWN else ""
        raise InventoryError(
            f"inventory: '{path}' is not a table: {'; '.join(ragged[:_SHOWN])}{more}; "
            "put cells that hold the delimiter into double quotes"
        )
    return rows
