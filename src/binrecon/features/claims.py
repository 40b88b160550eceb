"""Claims on blocks: each block of a store is computed by one process."""

import fcntl
import os
from pathlib import Path
from typing import Self

from binrecon.features.rows import Block
from binrecon.features.store import FeatureStore
from binrecon.sealed_file import discard

CLAIMS = "claims"


class BlockClaims:
    """The blocks that this process computes, which no other does; the kernel frees them if it dies.

    Args:
        store: Whose blocks. One of these in a process and store at a time: closing the file frees all.
    """

    def __init__(self, store: FeatureStore) -> None:
        self._path = store.folder / CLAIMS

    def __enter__(self) -> Self:
        if self._path.is_dir():
            discard(self._path)
        self._file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o666)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def take(self, block: Block) -> bool:
        """Try to claim a block; False if another process has it."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, block.number)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def release(self, block: Block) -> None:
        """Give a block back."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, block.number)


def is_claimed(folder: Path) -> bool:
    """Tell whether a process computes a block of the store in a folder at this moment."""
    try:
        file = os.open(folder / CLAIMS, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    finally:
        os.close(file)
    return False
