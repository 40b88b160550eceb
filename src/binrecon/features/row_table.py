"""The rows of a store, as `rows.parquet` lists them: the photo, the view and the block of each."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from binrecon.errors import DamagedCacheError
from binrecon.features.rows import BLOCK_ROWS, Block, RowKey
from binrecon.sealed_file import read_sealed, write_sealed

_SCHEMA = pa.schema([("key", pa.string()), ("block", pa.int32())])


class RowTable:
    """The rows of a store at one moment; grown ones are another table.

    Args:
        table: Columns `key` and `block`; the rows of a block stand together, and blocks are numbered from 0.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self.block_numbers = table["block"].to_numpy()

    @classmethod
    def of(cls, keys: Iterable[RowKey]) -> "RowTable":
        """Return the rows of a new store for these keys, each once, in their order."""
        wanted = pa.array([str(key) for key in keys], pa.string())
        return cls(_SCHEMA.empty_table()).add(wanted, np.zeros(0, bool))

    @classmethod
    def read(cls, path: Path, identity: str) -> Self:
        """Read the rows of a store; a store without the file has none yet.

        Raises:
            DamagedCacheError: If they are not what was written.
            OSError: If they cannot be read.
        """
        try:
            content = read_sealed(path, identity)
        except FileNotFoundError:
            return cls(_SCHEMA.empty_table())
        table = pq.read_table(pa.BufferReader(pa.py_buffer(content)))
        if not table.schema.equals(_SCHEMA):
            raise DamagedCacheError(f"'{path}' has other columns")
        return cls(table)

    def write(self, path: Path, identity: str) -> None:
        """Write the rows of a store in place of the old ones.

        Raises:
            OSError: If that fails; the old ones are still there.
        """
        sink = pa.BufferOutputStream()
        pq.write_table(self._table, sink, compression="zstd")
        write_sealed(path, sink.getvalue().to_pybytes(), identity)

    def __len__(self) -> int:
        return len(self._table)

    @cached_property
    def blocks(self) -> list[Block]:
        """Every block with its rows."""
        edges = np.flatnonzero(np.diff(self.block_numbers, prepend=-1, append=-1)).tolist()
        return [Block(int(self.block_numbers[start]), start, stop) for start, stop in pairwise(edges)]

    def keys_of(self, block: Block) -> list[RowKey]:
        """List what each row of a block is, or will be, about."""
        return [RowKey.parse(text) for text in self._table["key"].slice(*_reach(block)).to_pylist()]

    def text_of(self, block: Block) -> memoryview:
        """Return the keys of a block as UTF-8, a line each."""
        text, ends = self._lines
        return text[ends[block.start] : ends[block.stop]]

    def find(self, photo_hashes: Sequence[str], view: int, is_done: np.ndarray) -> np.ndarray:
        """Return the first done row of one view of each photo, int64; -1 where there is none.

        Args:
            photo_hashes: Of the photos.
            view: Of which view.
            is_done: For each block, whether its features are there.
        """
        if not len(self):
            return np.full(len(photo_hashes), -1, np.int64)
        done = pa.array(is_done[self.block_numbers])
        done_keys = pc.if_else(done, self._table["key"], pa.scalar(None, pa.string()))
        wanted = pa.array([f"{photo_hash}/{view}" for photo_hash in photo_hashes], pa.string())
        return np.asarray(pc.index_in(wanted, value_set=done_keys).fill_null(-1), np.int64)

    def add(self, wanted: pa.Array, is_done: np.ndarray) -> "RowTable":
        """Return the table with a row for every key that has none that can be used, in new blocks.

        A block that is not done can only be computed whole. If not all of its rows are wanted, another run
        may still be at it; so its rows are added once more, and the first of two that is done counts.

        Args:
            wanted: Keys, each once, in the order in which they are to stand.
            is_done: For each block, whether its features are there.
        """
        new = wanted.filter(pc.invert(pc.is_in(wanted, value_set=self._usable_keys(wanted, is_done))))
        if not len(new):
            return self
        first_block = self.block_numbers[-1] + 1 if len(self) else 0
        blocks = pa.array(first_block + np.arange(len(new)) // BLOCK_ROWS, pa.int32())
        return RowTable(pa.concat_tables([self._table, pa.table({"key": new, "block": blocks})]))

    def _usable_keys(self, wanted: pa.Array, is_done: np.ndarray) -> pa.ChunkedArray:
        """Return the keys of the rows that are done, or in a block of which every row is wanted."""
        if not len(self):
            return self._table["key"]
        is_wanted = np.asarray(pc.is_in(self._table["key"], value_set=wanted), bool)
        unwanted = np.bincount(self.block_numbers, weights=~is_wanted)
        is_usable = is_done[self.block_numbers] | (unwanted[self.block_numbers] == 0)
        return self._table["key"].filter(pa.array(is_usable))

    @cached_property
    def _lines(self) -> tuple[memoryview, np.ndarray]:
        """All keys as one text of lines, and where each line begins and the last one ends."""
        kind = pa.large_string()
        empty, newline = pa.scalar("", kind), pa.scalar("\n", kind)
        lines = pc.binary_join_element_wise(self._table["key"].cast(kind), empty, newline)
        lines = pa.concat_arrays(lines.chunks or [pa.array([], kind)])
        _, ends, text = lines.buffers()
        positions = np.frombuffer(ends, np.int64)[lines.offset : lines.offset + len(lines) + 1]
        return memoryview(text or b""), positions


def _reach(block: Block) -> tuple[int, int]:
    return block.start, block.stop - block.start
