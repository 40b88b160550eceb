"""The layout of the bucket and of every folder of bins: `bin-images/ID.jpg` beside `metadata/ID.json`."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from binrecon.errors import SourceError

PHOTO_FOLDER = "bin-images"
RECORD_FOLDER = "metadata"
PHOTO_SUFFIX = ".jpg"
"""Of photos as the bucket has them, and as binrecon writes them."""
PHOTO_SUFFIXES = (".jpg", ".JPG", ".jpeg", ".JPEG", ".Jpg", ".Jpeg")
"""Of photos that are read from a folder."""
RECORD_SUFFIX = ".json"

Part = Literal["photo", "record"]
"""A bin has two: its photo and its record."""

PARTS: tuple[Part, ...] = ("photo", "record")

FOLDERS: dict[Part, tuple[str, str]] = {
    "photo": (PHOTO_FOLDER, PHOTO_SUFFIX),
    "record": (RECORD_FOLDER, RECORD_SUFFIX),
}
"""For each part its folder and the suffix of its files."""

SUFFIXES: dict[Part, tuple[str, ...]] = {"photo": PHOTO_SUFFIXES, "record": (RECORD_SUFFIX,)}
"""For each part the suffixes that its files may have in a folder; the first is the usual one."""

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
        """Its path below the root, with `/` between folder and file."""
        folder, suffix = FOLDERS[self.part]
        return f"{folder}/{self.bin_id}{suffix}"

    @property
    def paths(self) -> Iterator[str]:
        """All paths that it may have in a folder: the usual one first, then those with the other suffixes."""
        folder = FOLDERS[self.part][0]
        return (f"{folder}/{self.bin_id}{suffix}" for suffix in SUFFIXES[self.part])


ID_RULE = f"1 to {MAX_ID_BYTES} bytes of printable text without '/', '\\' or '..'"
"""Allowed ids, for messages."""


def is_bin_id(bin_id: str) -> bool:
    """Tell the id of a bin from text that is none: too long, not printable, or leading out of a folder."""
    is_name = bin_id.isprintable() and bin_id != "." and not any(part in bin_id for part in ("/", "\\", ".."))
    return is_name and 0 < len(bin_id.encode(errors="replace")) <= MAX_ID_BYTES


def check_bin_id(bin_id: str) -> None:
    """Refuse an id that is no plain file name, and so could reach outside the folder of its source.

    Raises:
        SourceError: If `bin_id` is empty or too long, holds a path separator, `..` or a control character, or
            is not valid Unicode.
    """
    if not is_bin_id(bin_id):
        shown = bin_id if len(bin_id) <= MAX_ID_BYTES else f"{bin_id[:40]}…"
        raise SourceError(
            f"bin_id {shown!r} is not the name of a bin; an id is a file name without its suffix: {ID_RULE}"
        )
