"""Cached files with an integrity check: the content, and a seal behind it.

The seal is 16 fixed bytes and the SHA-256 of an identity and the content. The identity names the owner of the
file, so a whole file under the name of another is noticed like a truncated one. A sealed Parquet file is
Parquet once its last 48 bytes are removed.
"""

import hashlib
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from binrecon.errors import DamagedCacheError
from binrecon.whole_file import drafting

_MARK = b"binrecon seal 1\n"
SEAL_BYTES = len(_MARK) + hashlib.sha256().digest_size
_PIECE_BYTES = 2**20


def write_sealed(path: Path, content: bytes, identity: str) -> None:
    """Write a file with its seal, so that `path` holds the old file or the whole new one.

    Raises:
        OSError: If that fails; `path` is as it was.
    """
    with drafting(path) as draft, draft.open("w+b") as file:
        file.write(content)
        append_seal(file, identity)
        os.fsync(file.fileno())


def append_seal(file: BinaryIO, identity: str) -> None:
    """Seal a file that was just written and can be read."""
    digest = _begin(identity)
    file.seek(0)
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    file.write(_MARK + digest.digest())
    file.flush()


def read_sealed(path: Path, identity: str) -> memoryview:
    """Return the content of a sealed file.

    Raises:
        DamagedCacheError: If it is not what was written for this identity.
        OSError: If it does not exist or cannot be read.
    """
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # of a named pipe, nothing would ever come
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise DamagedCacheError(f"'{path}' is no file")
        with open(file, "rb", closefd=False) as opened:
            whole = memoryview(opened.read())
    finally:
        os.close(file)
    if not whole:
        raise DamagedCacheError(f"'{path}' is empty")
    if whole[-SEAL_BYTES : len(whole) - SEAL_BYTES + len(_MARK)] != _MARK:
        raise DamagedCacheError(f"'{path}' does not end with its seal")
    content = whole[:-SEAL_BYTES]
    digest = _begin(identity)
    digest.update(content)
    if digest.digest() != whole[len(content) + len(_MARK) :]:
        raise DamagedCacheError(f"'{path}' is not what was written")
    return content


def discard(path: Path) -> None:
    """Remove a damaged file, or a directory of its name; without permission it stays."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _begin(identity: str) -> "hashlib._Hash":
    return hashlib.sha256(f"{identity}\0".encode())
