"""One process at a time in a folder, also where another removes it meanwhile."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "lock"


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Keep every other process out of what only one may do in a folder; it is made where there is none.

    Raises:
        OSError: If it cannot be made or written.
    """
    file = _take(folder)
    try:
        yield
    finally:
        os.close(file)


def _take(folder: Path) -> int:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            file = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o666)
        except FileNotFoundError:  # the folder was removed this moment
            continue
        except IsADirectoryError:
            shutil.rmtree(folder / LOCK)
            continue
        fcntl.flock(file, fcntl.LOCK_EX)
        if _is_at(file, folder / LOCK):
            return file
        os.close(file)  # removed while this process waited for it


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
