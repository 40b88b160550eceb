"""File statistics of an earlier build that still hold, merged with fresh ones."""

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from binrecon.manifest.io import pack
from binrecon.sources.source import UNKNOWN_STAMP

ROWS_PER_PIECE = 10_000
"""Rows that are put in order at a time: all at once would take the memory of three tables."""

MAX_RUNS = 4
"""A piece of more stretches is copied: a column of many short chunks is slow to work on."""


class Places(NamedTuple):
    """The position of each bin's statistics.

    Args:
        tables: Number of the table for each bin, int32; -1 where it stands in none.
        rows: Row of that table for each bin, int64; rows of one table rise from bin to bin.
    """

    tables: np.ndarray
    rows: np.ndarray

    @property
    def is_missing(self) -> np.ndarray:
        """Return whether each bin stands in no table."""
        return np.asarray(self.tables == -1)

    def fill_in(self, first_table: int, table_rows: int) -> "Places":
        """Say that the missing bins fill further tables, in the same order.

        Args:
            first_table: Number of the first of these tables.
            table_rows: Rows of each of them; the last may have fewer.
        """
        tables, rows = self.tables.copy(), self.rows.copy()
        tables[self.is_missing], rows[self.is_missing] = divmod(np.arange(self.is_missing.sum()), table_rows)
        tables[self.is_missing] += first_table
        return Places(tables, rows)


def find_unchanged(wanted: pa.Table, known: Sequence[pa.Table]) -> Places:
    """Find the bins that stand in a table of facts with the stamps that they have now.

    Args:
        wanted: The bins of now, of `STAMPS_SCHEMA`, sorted by `bin_id`.
        known: Tables of `FACTS_SCHEMA`, each sorted by `bin_id`. Of several with a bin and its stamps, the
            last counts.
    """
    tables, rows = np.full(len(wanted), -1, np.int32), np.zeros(len(wanted), np.int64)
    for number, table in enumerate(known):
        first = _count_before(wanted, table["bin_id"][0])
        reach = wanted.slice(first, _count_before(wanted, table["bin_id"][-1]) + 1 - first)
        found = pc.index_in(reach["bin_id"], value_set=table["bin_id"])
        bins = np.flatnonzero(found.is_valid()) + first
        places = found.drop_null().to_numpy()
        is_same = np.ones(len(bins), np.bool_)
        for name in ("photo_stamp", "record_stamp"):
            is_same &= _compare_stamps(wanted[name].take(bins), table[name].take(places))
        tables[bins[is_same]], rows[bins[is_same]] = number, places[is_same]
    return Places(tables, rows)


def _count_before(wanted: pa.Table, bin_id: pa.Scalar) -> int:
    """Count the bins that come before one."""
    return int(pc.sum(pc.less(wanted["bin_id"], bin_id), min_count=0).as_py())


def gather_rows(tables: list[pa.Table], places: Places) -> pa.Table:
    """Put together the facts of all bins.

    Args:
        tables: Tables of the same columns, at least one. Each leaves the list after its last row was taken,
            so that facts are not held twice.
        places: Where each bin stands; none is missing.

    Returns:
        The facts in the order of `places`.
    """
    pieces = [tables[0].slice(0, 0)]
    ends = np.zeros(len(tables), np.int64)
    ends[places.tables] = np.arange(1, len(places.tables) + 1)
    for start in range(0, len(places.tables), ROWS_PER_PIECE):
        stop = start + ROWS_PER_PIECE
        pieces.append(_gather_piece(tables, Places(*(column[start:stop] for column in places))))
        for number in np.flatnonzero(ends <= stop):
            tables[number] = None
    tables.clear()
    return pa.concat_tables(pieces)


def _gather_piece(tables: Sequence[pa.Table], places: Places) -> pa.Table:
    """Put the facts of some bins together: as views where they stand together already, else as a copy."""
    is_break = (np.diff(places.tables) != 0) | (np.diff(places.rows) != 1)
    runs = np.split(np.arange(len(places.rows)), np.flatnonzero(is_break) + 1)
    if len(runs) <= MAX_RUNS:
        views = ((places.tables[run[0]], places.rows[run[0]], len(run)) for run in runs)
        return pa.concat_tables([tables[number].slice(row, length) for number, row, length in views])
    parts, origins = [], []
    for number in np.unique(places.tables):
        bins = np.flatnonzero(places.tables == number)
        rows = places.rows[bins]
        parts.append(tables[number].slice(rows[0], rows[-1] - rows[0] + 1).take(rows - rows[0]))
        origins.append(bins)
    return pack(pa.concat_tables(parts).combine_chunks().take(np.argsort(np.concatenate(origins))))


def _compare_stamps(one: pa.ChunkedArray, other: pa.ChunkedArray) -> np.ndarray:
    """Tell for each row whether both stamps are null, or are known and agree in every field."""
    agreements = [
        pc.equal(pc.struct_field(one, field.name), pc.struct_field(other, field.name)) for field in one.type
    ]
    is_known = pc.not_equal(pc.struct_field(one, "size"), UNKNOWN_STAMP[0])
    is_equal = pc.fill_null(pc.and_(reduce(pc.and_, agreements), is_known), False)
    return np.asarray(pc.or_(is_equal, pc.and_(pc.is_null(one), pc.is_null(other))))
