"""Features on disk: one memory-mapped table per fingerprint, filled block by block.

```
KEY/fingerprint.json   what the features depend on
KEY/rows.parquet       the key (photo and view) and the block of each row, in order; only ever grows
KEY/features.bin       rows x F numbers, nothing else
KEY/blocks.bin         for each block the SHA-256 of its bytes in `features.bin`; zeros while it is not done
KEY/lock               held while rows are added
KEY/claims             empty; each byte of it that a process holds a lock on is a block that it computes
KEY/network.xml, .bin  the network itself where it is in int8, since its ranges depend on photos
```

A block counts once its hash stands in `blocks.bin`, which is written after its features. So a process that is
killed leaves at most blocks that are not done, and the next one does them again, with the same result.
Processes that fill one store share its blocks: each locks the one at hand, and the kernel frees what a dead
process held.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from binrecon.errors import FeatureStoreError
from binrecon.features.fingerprint import Fingerprint
from binrecon.features.rows import BLOCK_ROWS, Block, RowKey
from binrecon.whole_file import write_json, write_whole

_HASH_BYTES = 32
_NOT_DONE = bytes(_HASH_BYTES)


class FeatureStore:
    """The features of one fingerprint.

    Args:
        root: Folder of all stores.
        fingerprint: What the features depend on.
    """

    def __init__(self, root: Path, fingerprint: Fingerprint) -> None:
        self.fingerprint = fingerprint
        self.folder = root / fingerprint.key
        self._rows_path = self.folder / "rows.parquet"
        self._features_path = self.folder / "features.bin"
        self._blocks_path = self.folder / "blocks.bin"

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.fingerprint.feature_count * np.dtype(self.fingerprint.dtype).itemsize

    def add_rows(self, keys: Iterable[RowKey]) -> int:
        """Make room for what has no row yet, in the order of the keys.

        A block that is not done can only be computed whole. If not all of its rows are among these, whoever
        made it may still be at it; so its rows are added once more, and the first of two that is done counts.

        Args:
            keys: What is wanted; repeats are one row.

        Returns:
            How many rows are new.

        Raises:
            FeatureStoreError: If the folder cannot be written or the disk is too full for them.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self.hold():
                return self._add_rows(pa.array(sorted({str(key) for key in keys}), pa.string()))
        except OSError as error:
            raise FeatureStoreError(describe_write_error(self.folder, error)) from error

    def _add_rows(self, wanted: pa.Array) -> int:
        rows = self._read_rows()
        new = wanted.filter(pc.invert(pc.is_in(wanted, value_set=self._usable_keys(rows, wanted))))
        if not len(new):
            return 0
        first_block = 0 if not rows.num_rows else rows["block"][-1].as_py() + 1
        blocks = pa.array(first_block + np.arange(len(new)) // BLOCK_ROWS, pa.int32())
        grown = pa.concat_tables([rows, pa.table({"key": new, "block": blocks})])
        self._grow(self._features_path, grown.num_rows * self.row_bytes)
        self._grow(self._blocks_path, (blocks[-1].as_py() + 1) * _HASH_BYTES)
        write_json(self.folder / "fingerprint.json", asdict(self.fingerprint))
        sink = pa.BufferOutputStream()
        pq.write_table(grown, sink, compression="zstd")
        write_whole(self._rows_path, sink.getvalue().to_pybytes())
        return len(new)

    def _usable_keys(self, rows: pa.Table, wanted: pa.Array) -> pa.ChunkedArray:
        """Return the keys of the rows that are done, or in a block of which every row is wanted."""
        if not rows.num_rows:
            return rows["key"]
        numbers = rows["block"].to_numpy()
        is_wanted = np.asarray(pc.is_in(rows["key"], value_set=wanted), bool)
        unwanted = np.bincount(numbers, weights=~is_wanted)
        is_usable = self._read_done()[numbers] | (unwanted[numbers] == 0)
        return rows["key"].filter(pa.array(is_usable))

    def list_blocks(self) -> list[Block]:
        """List every block with its rows."""
        numbers = self._read_rows()["block"].to_numpy()
        edges = np.flatnonzero(np.diff(numbers, prepend=-1, append=-1)).tolist()
        return [Block(int(numbers[start]), start, stop) for start, stop in pairwise(edges)]

    def list_undone_blocks(self) -> list[Block]:
        """List the blocks whose features are not there yet."""
        done = self._read_done()
        return [block for block in self.list_blocks() if not done[block.number]]

    def list_keys(self) -> list[RowKey]:
        """List what each row is, or will be, about."""
        return [RowKey.parse(text) for text in self._read_rows()["key"].to_pylist()]

    def find_rows(self, photo_hashes: Sequence[str], view: int) -> np.ndarray:
        """Return the row of one view of each photo, int64; -1 where its features are not there."""
        rows = self._read_rows()
        if not rows.num_rows:
            return np.full(len(photo_hashes), -1, np.int64)
        is_done = pa.array(self._read_done()[rows["block"].to_numpy()])
        done_keys = pc.if_else(is_done, rows["key"], pa.scalar(None, pa.string()))
        wanted = pa.array([f"{photo_hash}/{view}" for photo_hash in photo_hashes], pa.string())
        return np.asarray(pc.index_in(wanted, value_set=done_keys).fill_null(-1), np.int64)

    def is_done(self, block: Block) -> bool:
        """Tell whether the features of a block are there."""
        return self._read_hash(block) != _NOT_DONE

    def write_block(self, block: Block, features: np.ndarray) -> None:
        """Write the features of a block, and then that they are there.

        Args:
            block: Which.
            features: Shape (rows of the block, F).

        Raises:
            FeatureStoreError: If a feature is too large for the type that they are kept in.
            OSError: If the disk does not take them; then the block is not done.
        """
        with np.errstate(over="ignore"):
            kept = np.ascontiguousarray(features, self.fingerprint.dtype)
        if not np.isfinite(kept).all():
            raise FeatureStoreError(
                f"a feature of {self.fingerprint.backbone} is not a finite {self.fingerprint.dtype} "
                f"(the largest is {np.abs(features).max():g}); use features.dtype=float32"
            )
        content = kept.tobytes()
        if len(content) != (block.stop - block.start) * self.row_bytes:
            raise ValueError(f"{block} takes {block.stop - block.start} rows, got shape {features.shape}")
        _write_at(self._features_path, content, block.start * self.row_bytes, is_synced=True)
        _write_at(self._blocks_path, hashlib.sha256(content).digest(), block.number * _HASH_BYTES)

    @property
    def last_used(self) -> float:
        """When a run last opened the store, in seconds since 1970."""
        return (self.folder / "fingerprint.json").stat().st_mtime

    def open(self) -> np.memmap:
        """Map all features, read-only, shape (rows, F); only those of done blocks mean anything."""
        os.utime(self.folder / "fingerprint.json")
        shape = (self._read_rows().num_rows, self.fingerprint.feature_count)
        return np.memmap(self._features_path, self.fingerprint.dtype, "r", shape=shape)

    def forget(self, block: Block) -> None:
        """Count a block as not done, so that it is computed again."""
        _write_at(self._blocks_path, _NOT_DONE, block.number * _HASH_BYTES)

    def is_sound(self, block: Block) -> bool:
        """Tell whether the bytes of a done block are those that were written."""
        with self._features_path.open("rb") as file:
            file.seek(block.start * self.row_bytes)
            content = file.read((block.stop - block.start) * self.row_bytes)
        return hashlib.sha256(content).digest() == self._read_hash(block)

    def _read_hash(self, block: Block) -> bytes:
        with self._blocks_path.open("rb") as file:
            file.seek(block.number * _HASH_BYTES)
            return file.read(_HASH_BYTES)

    def _read_done(self) -> np.ndarray:
        """Return for each block whether its features are there, bool."""
        if not self._blocks_path.exists():
            return np.zeros(0, bool)
        hashes = np.fromfile(self._blocks_path, np.uint8).reshape(-1, _HASH_BYTES)
        return np.asarray(hashes.any(axis=1))

    def _read_rows(self) -> pa.Table:
        if not self._rows_path.exists():
            return pa.table({"key": pa.array([], pa.string()), "block": pa.array([], pa.int32())})
        return pq.read_table(self._rows_path)

    def _grow(self, path: Path, size: int) -> None:
        """Reserve space, so that a full disk is met before anything is computed."""
        with path.open("ab") as file:
            if size > file.tell():
                os.posix_fallocate(file.fileno(), 0, size)

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other process out of what only one may do."""
        with (self.folder / "lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def describe_write_error(folder: Path, error: OSError) -> str:
    """Say what to do about a store that cannot be written."""
    return (
        f"cache_dir: the features in '{folder}' cannot be written ({error.strerror or error}); "
        "free space there, name another folder with cache_dir=PATH, or train with features=live"
    )


def read_fingerprint(folder: Path) -> Fingerprint | None:
    """Read the fingerprint of a store's folder; None if it is none."""
    try:
        return Fingerprint(**json.loads((folder / "fingerprint.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _write_at(path: Path, content: bytes, offset: int, is_synced: bool = False) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        rest = memoryview(content)
        while rest:
            written = os.pwrite(file, rest, offset)
            rest, offset = rest[written:], offset + written
        if is_synced:  # on the disk before anything written later can be
            os.fsync(file)
    finally:
        os.close(file)
