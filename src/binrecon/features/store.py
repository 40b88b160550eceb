"""Features on disk: one memory-mapped table per fingerprint, filled block by block.

```
KEY/fingerprint.json   what the features depend on; KEY ends with its hash
KEY/rows.parquet       the key (photo and view) and the block of each row, in order; only ever grows; sealed
KEY/features.bin       rows x F numbers, nothing else
KEY/blocks.bin         for each block a hash of KEY, its rows' keys and their bytes in `features.bin`, see
                       `block_hash`; zeros while it is not done
KEY/lock               held while rows are added, and while damage is repaired
KEY/claims             empty; each byte of it that a process holds a lock on is a block that it computes
KEY/network.int8       the network itself where it is in int8, since its ranges depend on photos; sealed
```

A block counts once its hash stands in `blocks.bin`, which is written after its features. So a process that is
killed leaves at most blocks that are not done, and the next one does them again, with the same result.
Processes that fill one store share its blocks: each locks the one at hand, and the kernel frees what a dead
process held.

Nothing is believed because it is there: rows and network are sealed, and a block is compared with its hash
before it is used. What is damaged is forgotten and made again. A file that is made again is another inode, so
processes that have the old one open neither see nor spoil the new one.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa

from binrecon.console import get_console
from binrecon.errors import BinreconError, DamagedCacheError, FeatureStoreError
from binrecon.features.block_hash import HASH_BYTES, NOT_DONE, are_done, parse_hashes
from binrecon.features.filling import Filling, write_at
from binrecon.features.fingerprint import Fingerprint, read_fingerprint
from binrecon.features.index import BLOCKS, FEATURES, FINGERPRINT, ROWS, StoreIndex
from binrecon.features.lock import hold_folder
from binrecon.features.network import NETWORK
from binrecon.features.row_table import RowTable
from binrecon.features.rows import Block, RowKey
from binrecon.features.table import FeatureTable
from binrecon.sealed_file import discard
from binrecon.whole_file import write_json


class FeatureStore:
    """The features of one fingerprint.

    Args:
        root: Folder of all stores.
        fingerprint: What the features depend on.
    """

    def __init__(self, root: Path, fingerprint: Fingerprint) -> None:
        self.fingerprint = fingerprint
        self.folder = root / fingerprint.key
        self._index = StoreIndex(self.folder, fingerprint)

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self._index.row_bytes

    def add_rows(self, keys: Iterable[RowKey]) -> int:
        """Make room for what has no row yet, in the order of the keys.

        Args:
            keys: What is wanted; repeats are one row.

        Returns:
            How many rows are new.

        Raises:
            FeatureStoreError: If the folder cannot be written or the disk is too full for them.
        """
        with self.hold():
            rows = self._repair()
            return len(self._add_rows(rows, keys)) - len(rows)

    @contextmanager
    def fill(self, keys: Iterable[RowKey]) -> Iterator[Filling]:
        """Make room for what has no row yet, and open the store for writing.

        Raises:
            FeatureStoreError: If the folder cannot be written or the disk is too full for them.
        """
        with self.hold():
            rows = self._add_rows(self._repair(), keys)
            filling = Filling(self.fingerprint, rows, self.folder / FEATURES, self.folder / BLOCKS)
        try:
            yield filling
        finally:
            filling.close()

    def open(self) -> FeatureTable:
        """Open what is there for reading, and note that the store is in use.

        An index that is damaged is repaired or made anew first, with a line that says so. The features
        themselves are compared with their hashes by `FeatureTable.find_damaged`.

        Raises:
            FeatureStoreError: If the store cannot be read, or is damaged and cannot be written.
        """
        try:
            table = self.check_index()
        except DamagedCacheError:
            with self.hold():
                self._repair()
                table = self.check_index()
        with suppress(OSError):  # another user's store can be read all the same
            os.utime(self.folder / FINGERPRINT)
        return table

    def forget_damaged(self, blocks: Sequence[Block]) -> None:
        """Count those of the blocks that are damaged as not done, so that they are computed again; say so."""
        with self.hold():
            self._repair()
            table = self.check_index()
            known = set(table.rows.blocks)
            there = [block for block in blocks if block in known and table.is_done[block.number]]
            damaged = table.find_damaged(there)
            for block in damaged:
                write_at(self.folder / BLOCKS, NOT_DONE, block.number * HASH_BYTES)
        if damaged:
            self._say(
                f"{len(damaged)} of {len(known)} blocks are damaged; what is wanted of them is computed anew"
            )

    def rebuild(self, damage: DamagedCacheError) -> None:
        """Forget everything, and say why; runs that have the features open keep them."""
        with self.hold():
            self._discard(str(damage))

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other process out of what only one may do.

        Raises:
            FeatureStoreError: If the folder cannot be written, by this or by what is done meanwhile.
        """
        try:
            with hold_folder(self.folder):
                yield
        except OSError as error:
            if isinstance(error, BinreconError):  # a photo's
                raise
            raise FeatureStoreError(describe_write_error(self.folder, error)) from error

    def check_index(self) -> FeatureTable:
        """Open what is there for reading, and repair nothing.

        Raises:
            DamagedCacheError: If a file other than that of the features is missing, cut, or not what was
                written.
            FeatureStoreError: If one cannot be read.
        """
        try:
            return self._index.read()
        except OSError as error:
            raise FeatureStoreError(describe_read_error(self.folder, error)) from error

    def _repair(self) -> RowTable:
        """Bring the index in order, and return the rows; only while the store is held."""
        for draft in self.folder.glob(".*.draft"):  # nobody else writes here now, so its writer is dead
            discard(draft)
        with suppress(DamagedCacheError):
            return self.check_index().rows
        for path in self._index.list_odd():
            discard(path)
        try:
            rows = self._index.read_rows()
            if not len(rows):
                raise DamagedCacheError(f"'{self.folder / ROWS}' is missing")
        except DamagedCacheError as error:
            self._discard(str(error))
            return self._index.read_rows()
        self._restore(rows)
        return rows

    def _restore(self, rows: RowTable) -> None:
        """Mend the files beside the rows; blocks whose hash or features are lost count as not done."""
        damaged = []
        if read_fingerprint(self.folder) != self.fingerprint:
            write_json(self.folder / FINGERPRINT, asdict(self.fingerprint))
            damaged.append(FINGERPRINT)
        for name in (BLOCKS, FEATURES):
            path = self.folder / name
            size = path.stat().st_size if path.is_file() else 0
            if size >= self._index.size_of(name, rows):
                continue
            self._grow(name, rows)
            damaged.append(name)
            for block in rows.blocks:
                if self._index.end_of(name, block) > size:
                    write_at(self.folder / BLOCKS, NOT_DONE, block.number * HASH_BYTES)
        if damaged:
            self._say(f"damaged: {', '.join(damaged)}; restored, and what was lost is computed anew")

    def _discard(self, reason: str) -> None:
        for name in (ROWS, BLOCKS, FEATURES, NETWORK):
            discard(self.folder / name)
        self._say(f"{reason}; all of its features are computed anew")

    def _add_rows(self, rows: RowTable, keys: Iterable[RowKey]) -> RowTable:
        grown = rows.add(pa.array(sorted({str(key) for key in keys}), pa.string()), self._read_done(rows))
        if grown is not rows:
            self._grow(FEATURES, grown)
            self._grow(BLOCKS, grown)
            if read_fingerprint(self.folder) != self.fingerprint:
                write_json(self.folder / FINGERPRINT, asdict(self.fingerprint))
            grown.write(self.folder / ROWS, self._index.seal)
        return grown

    def _read_done(self, rows: RowTable) -> np.ndarray:
        if not len(rows):
            return np.zeros(0, bool)
        return are_done(parse_hashes((self.folder / BLOCKS).read_bytes(), len(rows.blocks)))

    def _grow(self, name: str, rows: RowTable) -> None:
        """Reserve space, so that a full disk is met before anything is computed."""
        size = self._index.size_of(name, rows)
        with (self.folder / name).open("ab") as file:
            if size > file.tell():
                os.posix_fallocate(file.fileno(), 0, size)

    def _say(self, what: str) -> None:
        get_console().print(f"feature store '{self.folder}': {what}", highlight=False, markup=False)


def find_last_use(folder: Path) -> float:
    """Return when a run last opened a store, in seconds since 1970."""
    try:
        return (folder / FINGERPRINT).stat().st_mtime
    except OSError:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))


def describe_write_error(folder: Path, error: OSError) -> str:
    """Say what to do about a store that cannot be written."""
    return (
        f"cache_dir: the features in '{folder}' cannot be written ({error.strerror or error}); "
        "free space there, name another folder with cache_dir=PATH, or train with features=live"
    )


def describe_read_error(folder: Path, error: OSError) -> str:
    """Say what to do about a store that cannot be read."""
    return (
        f"cache_dir: the features in '{folder}' cannot be read ({error.strerror or error}); allow it, "
        "remove the folder, name another one with cache_dir=PATH, or train with features=live"
    )
