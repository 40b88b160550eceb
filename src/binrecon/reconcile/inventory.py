"""Inventory records of each bin, read strictly: a value that is no count is never guessed at."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from binrecon.errors import InventoryError, SourceError
from binrecon.manifest.record import MAX_COUNT
from binrecon.reconcile.inventory_file import TextColumns, read_text_columns
from binrecon.sources.layout import MAX_ID_BYTES, check_bin_id

_SHOWN = 3
_WHOLE = r"^\s*\+?[0-9]{1,18}(\.0*)?\s*$"
"""3, 3.0 as software writes it that knows no whole numbers, +3."""

_ODD_ID = r"[/\\\x00-\x1f\x7f]|\.\.|^\.?$"


class Inventory(NamedTuple):
    """The records of an inventory.

    Args:
        bin_ids: Each once, verbatim, in the order of the file.
        recorded_counts: At least 0, int64.
        ignored: Names of the columns that were not asked for.
    """

    bin_ids: pa.ChunkedArray
    recorded_counts: np.ndarray
    ignored: tuple[str, ...]


def read_inventory(path: Path, bin_column: str = "bin_id", count_column: str = "recorded_count") -> Inventory:
    """Read an inventory: CSV (delimited by comma, semicolon or tab, in UTF-8 or UTF-16) or Parquet.

    Args:
        path: The file.
        bin_column: Name of the column with the bins' keys.
        count_column: Name of the column with the recorded counts.

    Raises:
        InventoryError: If it cannot be read, has no rows, or some are wrong: with the first rows of each kind
            of problem, and how many there are.
    """
    columns = read_text_columns(path, bin_column, count_column)
    if not len(columns.bin_ids):
        raise InventoryError(f"inventory: '{path}' has no rows below its header; export it again")
    if problems := [*_find_wrong_ids(columns), *_find_wrong_counts(columns)]:
        count = len(problems)
        raise InventoryError(
            "\n  ".join(
                [
                    f"inventory: '{path}' has {count} {'kind' if count == 1 else 'kinds'} of wrong rows; "
                    "mend them, or leave these bins out",
                    *problems,
                ]
            )
        )
    counts = pc.replace_substring_regex(pc.utf8_trim_whitespace(columns.counts), r"^\+|\.0*$", "")
    return Inventory(columns.bin_ids, counts.cast(pa.int64()).to_numpy(), columns.ignored)


def _find_wrong_ids(columns: TextColumns) -> Iterator[str]:
    ids = columns.bin_ids
    yield from _describe(columns, pc.is_null(ids), "have no bin_id")
    is_odd = pc.or_(pc.match_substring_regex(ids, _ODD_ID), pc.greater(pc.binary_length(ids), MAX_ID_BYTES))
    odd = [
        row for row in np.flatnonzero(pc.fill_null(is_odd, False)).tolist() if not _is_id(ids[row].as_py())
    ]
    is_wrong = np.zeros(len(ids), bool)
    is_wrong[odd] = True
    yield from _describe(columns, is_wrong, "have a bin_id that cannot be a photo's name")
    encoded = pc.dictionary_encode(ids).combine_chunks()
    codes = np.asarray(pc.fill_null(encoded.indices, -1))
    _, first = np.unique(codes, return_index=True)
    is_repeat = codes >= 0
    is_repeat[first] = False
    yield from _describe(columns, is_repeat, "repeat the bin_id of an earlier row")


def _is_id(bin_id: str) -> bool:
    try:
        check_bin_id(bin_id)
    except SourceError:
        return False
    return True


def _find_wrong_counts(columns: TextColumns) -> Iterator[str]:
    counts = columns.counts
    yield from _describe(columns, pc.is_null(counts), "have no recorded_count")
    text = pc.utf8_trim_whitespace(counts)
    is_whole = np.asarray(pc.fill_null(pc.match_substring_regex(text, _WHOLE), True))
    kinds = (
        (r"^-[0-9.]+$", "have a negative count"),
        (r"^\+?[0-9]*[.,][0-9]+$", "have a count that is not whole"),
        (r"^\+?[0-9]+$", f"have a count above {MAX_COUNT:,}"),
    )
    is_left = ~is_whole
    for pattern, words in kinds:
        is_kind = is_left & np.asarray(pc.fill_null(pc.match_substring_regex(text, pattern), False))
        if words.startswith("have a count above"):
            is_kind |= is_whole & _exceeds(text, is_whole)
        yield from _describe(columns, is_kind, words)
        is_left = is_left & ~is_kind
    yield from _describe(columns, is_left, "have a count that is no number")


def _exceeds(text: pa.ChunkedArray, is_whole: np.ndarray) -> np.ndarray:
    """Tell which whole counts are more than can be kept."""
    digits = pc.replace_substring_regex(text, r"^\+|\.0*$", "")
    numbers = pc.if_else(pa.array(is_whole), digits, None).cast(pa.int64())
    return np.asarray(pc.fill_null(pc.greater(numbers, MAX_COUNT), False))


def _describe(columns: TextColumns, is_wrong: pa.ChunkedArray | np.ndarray, words: str) -> Iterator[str]:
    rows: Sequence[int] = np.flatnonzero(np.asarray(is_wrong)).tolist()
    if not rows:
        return
    shown = [
        f"row {row + columns.first_row} (bin {_quote(columns.bin_ids[row])}, "
        f"count {_quote(columns.counts[row])})"
        for row in rows[:_SHOWN]
    ]
    more = f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
    yield f"{len(rows):,} {_agree(len(rows), words)}: {'; '.join(shown)}{more}"


def _agree(count: int, words: str) -> str:
    if count != 1:
        return f"rows {words}"
    verb, _, rest = words.partition(" ")
    return f"row {({'have': 'has', 'repeat': 'repeats'})[verb]} {rest}"


def _quote(cell: pa.Scalar) -> str:
    """Quote a cell of unknown length and content."""
    text = cell.as_py()
    if text is None:
        return "empty"
    return ascii(text if len(text) <= 40 else f"{text[:40]}…")
