"""The layout of the bucket and of every folder of bins: `bin-images/ID.jpg` beside `metadata/ID.json`."""

from typing import Literal, NamedTuple

from binrecon.errors import SourceError

PHOTO_FOLDER = "bin-images"
RECORD_FOLDER = "metadata"
PHOTO_SUFFIX = ".jpg"
RECORD_SUFFIX = ".json"

Part = Literal["photo", "record"]
"""A bin has two: its photo and its record."""

PARTS: tuple[Part, ...] = ("photo", "record")

FOLDERS: dict[Part, tuple[str, str]] = {
    "photo": (PHOTO_FOLDER, PHOTO_SUFFIX),
    "record": (RECORD_FOLDER, RECORD_SUFFIX),
}
"""For each part its folder and the suffix of its files."""

MAX_BYTES: dict[Part, int] = {"photo": 50_000_000, "record": 10_000_000}
"""Larger files are no bin's: the dataset's photos take about 50,000 bytes, its records about 2,000."""

MAX_ID_BYTES = 200
"""With its suffix an id still fits the 255 bytes of a file name."""


class BinPart(NamedTuple):
    """The photo or the record of one bin."""

    bin_id: str
    part: Part

    @property
    def path(self) -> str:
        """Where it lies below the root, with `/` between folder and file."""
        folder, suffix = FOLDERS[self.part]
        return f"{folder}/{self.bin_id}{suffix}"


def check_bin_id(bin_id: str) -> None:
    """Refuse an id that is no plain file name, and so could reach outside the folder of its source.

    Raises:
        SourceError: If `bin_id` is empty or too long, holds a path separator, `..` or a control character, or
            is not valid Unicode.
    """
    is_name = bin_id.isprintable() and bin_id != "." and not any(part in bin_id for part in ("/", "\\", ".."))
    if not is_name or not 0 < len(bin_id.encode(errors="replace")) <= MAX_ID_BYTES:
        shown = bin_id if len(bin_id) <= MAX_ID_BYTES else f"{bin_id[:40]}…"
        raise SourceError(
            f"bin_id {shown!r} is not the name of a bin; an id is a file name without its suffix: "
            f"1 to {MAX_ID_BYTES} bytes of printable text without '/', '\\' or '..'"
        )
