"""Pictures to disk, whole or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from matplotlib.figure import Figure

from binrecon.errors import OutputError
from binrecon.whole_file import drafting

_DPI = 150


def save_png(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a picture so that the file is whole or as it was; make the folder if need be.

    Args:
        path: File that ends in `.png`.
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


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG.

    Raises:
        OutputError: If the file cannot be written.
    """
    save_png(path, lambda file: write_figure(figure, file))


def write_figure(figure: Figure, file: BinaryIO) -> None:
    """Write a figure as PNG to an open file."""
    figure.savefig(file, format="png", dpi=_DPI, facecolor="white")
