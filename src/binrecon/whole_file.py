"""Atomic writes: a file holds its old or its new content, whenever the process ends."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from binrecon.checksums import forgetting, recording

_DRAFT = re.compile(r"\..+\.(draft|partial|part)$")
"""Names of drafts; those of earlier versions end in `.partial` and `.part`."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name beside it, then rename it; folders are made as needed.

    Raises:
        OSError: If that fails; `path` is as it was.
    """
    with drafting(path) as draft:
        draft.write_bytes(content)


@contextmanager
def drafting(path: Path, *, is_synced: bool = False) -> Iterator[Path]:
    """Yield the path of a draft beside a file, which replaces the file once it is written.

    The draft is locked while it is written; the kernel drops the lock when the process ends, however it ends.
    Of a file of a run the checksum is kept (`binrecon.checksums`).

    Args:
        path: The file; its folder is made as needed.
        is_synced: Whether the draft has to be on the disk before it replaces the file.

    Raises:
        OSError: If that fails; `path` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid4().hex[:8]}.draft")
    with _creating_locked(draft):
        try:
            yield draft
            if is_synced:
                _sync(draft)
            with recording(path, draft, is_synced=is_synced):
                draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def remove_abandoned_drafts(folder: Path) -> list[Path]:
    """Remove the drafts in a folder whose process is gone, on this machine or another one; list them.

    A draft that is still locked stays, as do all of them on a file system without locks.
    """
    found = [path for path in folder.glob(".*") if _DRAFT.match(path.name) and path.is_file()]
    return [path for path in found if _remove_if_unlocked(path)]


@contextmanager
def _creating_locked(draft: Path) -> Iterator[None]:
    while True:
        file = os.open(draft, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(file, draft):  # removed by another process before it was locked
                continue
            yield
            return
        finally:
            os.close(file)


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _remove_if_unlocked(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:  # gone by now, or of somebody else
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except OSError:
        return False
    finally:
        os.close(file)
    return True


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8 atomically."""
    write_whole(path, text.encode())


def write_json(path: Path, content: object) -> None:
    """Write JSON atomically."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def remove(path: Path) -> None:
    """Remove a file, if it is there, and its checksum if it is a run's."""
    with forgetting(path):
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
