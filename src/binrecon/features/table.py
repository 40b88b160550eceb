"""The features of a store as they lie on disk at one moment, for reading."""

import mmap
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from binrecon.console import ProgressMeter
from binrecon.features.block_hash import are_done, hash_block, is_sum_of
from binrecon.features.fingerprint import Fingerprint
from binrecon.features.row_table import RowTable
from binrecon.features.rows import Block

_MAX_THREADS = 8
_BLOCKS_PER_TURN = 64
_KEPT_FILES = 8

_sound: "dict[FileStamp, set[tuple[int, bytes]]]" = {}
"""Blocks that this process has checked, each by its first row and hash, for each file as it was then."""


class FileStamp(NamedTuple):
    """Changes with every write to a file."""

    device: int
    inode: int
    mtime_ns: int
    ctime_ns: int


class FeatureTable:
    """Rows, hashes and features of a store. What other processes do to it later does not reach this table.

    Args:
        fingerprint: Of the store.
        rows: What each row is about.
        hashes: Of each block, uint8 of shape (blocks, 32).
        file: Of the features, open for reading; closing it later is the caller's.

    Attributes:
        features: All features, read-only, shape (rows, F); only those of done blocks mean anything.
    """

    def __init__(
        self, fingerprint: Fingerprint, rows: RowTable, hashes: np.ndarray, file: int | None
    ) -> None:
        self.rows = rows
        self.is_done = are_done(hashes)
        self._hashes = hashes
        self._store_key = fingerprint.key
        shape = (len(rows), fingerprint.feature_count)
        if file is None or not len(rows):
            self.features = np.zeros((0, shape[1]), fingerprint.dtype)
            return
        size = int(np.prod(shape)) * np.dtype(fingerprint.dtype).itemsize
        self._map = mmap.mmap(file, size, access=mmap.ACCESS_READ)
        self.features = np.frombuffer(self._map, fingerprint.dtype).reshape(shape)
        found = os.fstat(file)
        self._stamp = FileStamp(found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)

    def find_rows(self, photo_hashes: Sequence[str], view: int) -> np.ndarray:
        """Return the row of one view of each photo, int64; -1 where its features are not there."""
        return self.rows.find(photo_hashes, view, self.is_done)

    def find_damaged(
        self, blocks: Sequence[Block], is_quiet: bool = True, reads_all: bool = False
    ) -> list[Block]:
        """Find the done blocks whose photos and features are not those that were written.

        What was found sound in this process is not read again unless the file has changed.

        Args:
            blocks: Blocks that are done.
            is_quiet: Whether to show no progress.
            reads_all: Whether to compare the whole hash, also of what was found sound before; it takes three
                times as long.
        """
        if not blocks:
            return []
        sound = set() if reads_all else _recall(self._stamp)
        left = [block for block in blocks if (block.start, self._hash(block)) not in sound]
        if not left:
            return []
        self._map.madvise(mmap.MADV_WILLNEED)
        turns = [left[start : start + _BLOCKS_PER_TURN] for start in range(0, len(left), _BLOCKS_PER_TURN)]
        damaged = []
        with (
            ThreadPoolExecutor(min(_MAX_THREADS, os.cpu_count() or 1)) as pool,
            ProgressMeter("checking features", len(left), "blocks", is_quiet) as meter,
        ):

            def check(turn: Sequence[Block]) -> list[bool]:
                return [self._is_sound(block, reads_all) for block in turn]

            for turn, verdicts in zip(turns, pool.map(check, turns), strict=True):
                for block, is_sound in zip(turn, verdicts, strict=True):
                    if is_sound:
                        sound.add((block.start, self._hash(block)))
                    else:
                        damaged.append(block)
                meter.advance(len(turn))
        return damaged

    def _is_sound(self, block: Block, reads_all: bool) -> bool:
        features = self.features[block.start : block.stop].data.cast("B")
        parts = self._store_key, self.rows.text_of(block), features
        found = self._hash(block)
        return hash_block(*parts) == found if reads_all else is_sum_of(found, *parts)

    def _hash(self, block: Block) -> bytes:
        return bytes(self._hashes[block.number])


def _recall(stamp: FileStamp) -> set[tuple[int, bytes]]:
    """Return what was found sound in a file; of the files met longest ago nothing is remembered."""
    if stamp not in _sound:
        for old in list(_sound)[: len(_sound) + 1 - _KEPT_FILES]:
            del _sound[old]
    return _sound.setdefault(stamp, set())
