"""Pictures to disk, whole or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from binrecon.errors import OutputError
from binrecon.whole_file import drafting


def save_png(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a picture under a temporary name in the same folder, then rename it; make the folder if need be.

    Args:
        path: Where the picture goes, ending in `.png`.
        write: Writes the PNG's bytes to the open file that it is given.

    Raises:
        ValueError: If `path` does not end in `.png`.
        OutputError: If the file cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise ValueError(f"path: must end in .png, got {path}")
    try:
        with drafting(path) as draft, draft.open("wb") as file:
            write(file)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error}; choose another folder or make room") from error
