"""A feature store that is open for writing."""

import os
from functools import cached_property
from pathlib import Path

import numpy as np

from binrecon.errors import FeatureStoreError
from binrecon.features.block_hash import HASH_BYTES, NOT_DONE, hash_block
from binrecon.features.fingerprint import Fingerprint
from binrecon.features.row_table import RowTable
from binrecon.features.rows import Block


class Filling:
    """Rows of a store whose features are being computed.

    It writes to the files that were there when it was opened. If another process finds the store damaged
    meanwhile and begins new ones, what is written here is lost, and spoils nothing.

    Args:
        fingerprint: Of the store.
        rows: What each row is about.
        features: Path of the features.
        blocks: Path of the hashes.
    """

    def __init__(self, fingerprint: Fingerprint, rows: RowTable, features: Path, blocks: Path) -> None:
        self.rows = rows
        self._fingerprint = fingerprint
        self._features = self._blocks = -1
        if len(rows):
            self._features = os.open(features, os.O_WRONLY)
            self._blocks = os.open(blocks, os.O_RDWR)

    def close(self) -> None:
        """Close the files."""
        if self._features >= 0:
            os.close(self._features)
            os.close(self._blocks)

    def is_done(self, block: Block) -> bool:
        """Tell whether the features of a block are there."""
        return os.pread(self._blocks, HASH_BYTES, block.number * HASH_BYTES) != NOT_DONE

    @property
    def undone_blocks(self) -> list[Block]:
        """The blocks whose features are not there yet."""
        return [block for block in self.rows.blocks if not self.is_done(block)]

    def write_block(self, block: Block, features: np.ndarray) -> None:
        """Write the features of a block, and then that they are there.

        Args:
            block: Which.
            features: Shape (rows of the block, F).

        Raises:
            FeatureStoreError: If a feature is too large for the type that they are kept in.
            OSError: If the disk does not take them; then the block is not done.
        """
        one = self._fingerprint
        with np.errstate(over="ignore"):
            kept = np.ascontiguousarray(features, one.dtype)
        if not np.isfinite(kept).all():
            raise FeatureStoreError(
                f"a feature of {one.backbone} is not a finite {one.dtype} "
                f"(the largest is {np.abs(features).max():g}); use features.dtype=float32"
            )
        if kept.shape != (block.stop - block.start, one.feature_count):
            raise ValueError(f"{block} takes {block.stop - block.start} rows, got shape {features.shape}")
        content = kept.tobytes()
        _write(self._features, content, block.start * self._row_bytes)
        os.fsync(self._features)  # on the disk before anything written later can be
        found = hash_block(self._key, self.rows.text_of(block), content)
        _write(self._blocks, found, block.number * HASH_BYTES)

    @cached_property
    def _key(self) -> str:
        return self._fingerprint.key

    @property
    def _row_bytes(self) -> int:
        return self._fingerprint.feature_count * np.dtype(self._fingerprint.dtype).itemsize


def write_at(path: Path, content: bytes, offset: int) -> None:
    """Write into a file, in place of what stood there.

    Raises:
        OSError: If the disk does not take it.
    """
    file = os.open(path, os.O_WRONLY)
    try:
        _write(file, content, offset)
    finally:
        os.close(file)


def _write(file: int, content: bytes, offset: int) -> None:
    rest = memoryview(content)
    while rest:
        written = os.pwrite(file, rest, offset)
        rest, offset = rest[written:], offset + written
