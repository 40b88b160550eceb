"""Files that come from users: regular files of limited size, read without ever waiting for them."""

import errno
import os
import stat
from os import PathLike
from typing import BinaryIO

_KINDS = {
    stat.S_IFIFO: "it is a named pipe, not a file",
    stat.S_IFCHR: "it is a device, not a file",
    stat.S_IFBLK: "it is a device, not a file",
    stat.S_IFSOCK: "it is a socket, not a file",
}

_CHUNK_BYTES = 2**20


def open_regular(path: str | PathLike[str]) -> BinaryIO:
    """Open a file for reading; a pipe, device, socket or directory is refused, never waited for.

    Raises:
        OSError: If there is no such file, it is none, or it cannot be opened; `strerror` says why.
    """
    _check_kind(os.stat(path).st_mode, path)  # noqa: PTH116  # before it is opened: opening a device may move it
    # The kind may have changed meanwhile: a pipe opened without blocking is no trap.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        _check_kind(os.fstat(descriptor).st_mode, path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | PathLike[str], max_bytes: int) -> bytes:
    """Read a file from a user as a whole.

    Args:
        path: Of a regular file, or of a link to one.
        max_bytes: Of a larger file no more than this is read before it is refused.

    Raises:
        OSError: As `open_regular`; EFBIG if it is too large.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        chunks, left = [], max_bytes + 1
        while left and (chunk := file.read(min(left, max(_CHUNK_BYTES, size + 1)))):
            chunks.append(chunk)
            left -= len(chunk)
    if not left:
        raise OSError(errno.EFBIG, f"it has more than the {max_bytes:,} bytes allowed", os.fspath(path))
    return b"".join(chunks)


def _check_kind(mode: int, path: str | PathLike[str]) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "it is no file")
        raise OSError(errno.EINVAL, kind, os.fspath(path))
