"""Files that are whole or as they were, whenever the process ends."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name beside it, then move it to its place; folders are made as needed.

    Raises:
        OSError: If that fails; `path` is as it was.
    """
    with drafting(path) as draft:
        draft.write_bytes(content)


@contextmanager
def drafting(path: Path) -> Iterator[Path]:
    """Give the name of a draft beside a file, which takes its place once it is written.

    Raises:
        OSError: If that fails; `path` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid4().hex[:8]}.draft")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8 so that the file is whole or as it was."""
    write_whole(path, text.encode())


def write_json(path: Path, content: object) -> None:
    """Write JSON so that the file is whole or as it was."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
