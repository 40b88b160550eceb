"""The files of a store as they are found: opened where they are in order, refused where they are not."""

import os
from pathlib import Path

import numpy as np

from binrecon.errors import DamagedCacheError
from binrecon.features.block_hash import HASH_BYTES, parse_hashes
from binrecon.features.fingerprint import Fingerprint, read_fingerprint
from binrecon.features.row_table import RowTable
from binrecon.features.rows import Block
from binrecon.features.table import FeatureTable

FINGERPRINT, ROWS, FEATURES, BLOCKS = "fingerprint.json", "rows.parquet", "features.bin", "blocks.bin"


class StoreIndex:
    """Reads the files of a store, and changes none of them.

    Args:
        folder: Of the store.
        fingerprint: Of the store.
    """

    def __init__(self, folder: Path, fingerprint: Fingerprint) -> None:
        self.folder = folder
        self.fingerprint = fingerprint
        self.seal = f"rows of {fingerprint.key}"

    def read(self) -> FeatureTable:
        """Open what is there for reading.

        Raises:
            DamagedCacheError: If a file is missing, cut, or not what was written; the features themselves are
                not looked at.
            OSError: If one cannot be read.
        """
        for path in self.list_odd():
            raise DamagedCacheError(f"'{path}' is no file")
        rows = self.read_rows()
        if not len(rows):
            return FeatureTable(self.fingerprint, rows, np.zeros((0, HASH_BYTES), np.uint8), None)
        if read_fingerprint(self.folder) != self.fingerprint:
            raise DamagedCacheError(f"'{self.folder / FINGERPRINT}' is not what was written")
        try:
            return self._map(rows)
        except FileNotFoundError as error:
            raise DamagedCacheError(f"'{error.filename}' is missing") from error

    def read_rows(self) -> RowTable:
        """Read the rows; a store that was never filled has none.

        Raises:
            DamagedCacheError: If they are missing or not what was written.
            OSError: If they cannot be read.
        """
        rows = RowTable.read(self.folder / ROWS, self.seal)
        if not len(rows) and self._has_done_blocks():
            raise DamagedCacheError(f"'{self.folder / ROWS}' is missing")
        return rows

    def list_odd(self) -> list[Path]:
        """List what stands in the place of a file and is none: a folder, a named pipe, a dead link."""
        paths = (self.folder / name for name in (FINGERPRINT, ROWS, FEATURES, BLOCKS))
        return [path for path in paths if os.path.lexists(path) and not path.is_file()]

    def size_of(self, name: str, rows: RowTable) -> int:
        """Return how many bytes the features or the hashes of some rows take."""
        return self.end_of(name, rows.blocks[-1]) if len(rows) else 0

    def end_of(self, name: str, block: Block) -> int:
        """Return where the features or the hash of a block end in their file, in bytes."""
        return block.stop * self.row_bytes if name == FEATURES else (block.number + 1) * HASH_BYTES

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.fingerprint.feature_count * np.dtype(self.fingerprint.dtype).itemsize

    def _map(self, rows: RowTable) -> FeatureTable:
        hashes = (self.folder / BLOCKS).read_bytes()
        if len(hashes) < self.size_of(BLOCKS, rows):
            raise DamagedCacheError(f"'{self.folder / BLOCKS}' is too short")
        file = os.open(self.folder / FEATURES, os.O_RDONLY)
        try:
            if os.fstat(file).st_size < self.size_of(FEATURES, rows):
                raise DamagedCacheError(f"'{self.folder / FEATURES}' is too short")
            return FeatureTable(self.fingerprint, rows, parse_hashes(hashes, len(rows.blocks)), file)
        finally:
            os.close(file)

    def _has_done_blocks(self) -> bool:
        try:
            return any((self.folder / BLOCKS).read_bytes())
        except FileNotFoundError:
            return False
