"""Files that are whole or as they were, whenever the process ends."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from binrecon.checksums import recording

_DRAFTS = (".*.draft", ".*.part", ".*.partial")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name beside it, then move it to its place; folders are made as needed.

    Raises:
        OSError: If that fails; `path` is as it was.
    """
    with drafting(path) as draft:
        draft.write_bytes(content)


@contextmanager
def drafting(path: Path, *, is_synced: bool = False) -> Iterator[Path]:
    """Give the name of a draft beside a file, which takes its place once it is written.

    Of a file of a run the checksum is kept (`binrecon.checksums`).

    Args:
        path: The file; its folder is made as needed.
        is_synced: Whether the draft has to be on the disk before it takes its place.

    Raises:
        OSError: If that fails; `path` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid4().hex[:8]}.draft")
    try:
        yield draft
        if is_synced:
            _sync(draft)
        with recording(path, draft, is_synced=is_synced):
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def remove_drafts(folder: Path) -> None:
    """Remove what a process that was killed had not written to its end; nobody may be writing there now."""
    for pattern in _DRAFTS:
        for draft in folder.glob(pattern):
            if draft.is_file():
                draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8 so that the file is whole or as it was."""
    write_whole(path, text.encode())


def write_json(path: Path, content: object) -> None:
    """Write JSON so that the file is whole or as it was."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
