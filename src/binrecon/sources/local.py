"""A folder of bins in the bucket's layout."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from binrecon.errors import MissingBinError, SourceError
from binrecon.sources.source import BinListing, Source

PHOTO_FOLDER = "bin-images"
RECORD_FOLDER = "metadata"
PHOTO_SUFFIX = ".jpg"
RECORD_SUFFIX = ".json"


class LocalSource:
    """Reads bins from `root/bin-images/{bin_id}.jpg` and `root/metadata/{bin_id}.json`.

    Args:
        root: The folder that holds both folders. Nothing is read before the first question.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """Do nothing: the bins already lie in the folder."""

    def list_bins(self) -> BinListing:
        """List every photo and every record of the folder.

        Suffixes are those of the bucket, lower case; a file with any other suffix is no bin.

        Raises:
            SourceError: If the folder does not exist, is not laid out like the bucket, holds no bin,
                or holds a file whose name cannot be a bin's, such as `.jpg`.
        """
        self._check_layout()
        listing = BinListing(
            photo_ids=_list_stems(self.root / PHOTO_FOLDER, PHOTO_SUFFIX),
            record_ids=_list_stems(self.root / RECORD_FOLDER, RECORD_SUFFIX),
        )
        if not listing.photo_ids and not listing.record_ids:
            raise SourceError(
                f"source.root: '{self.root}' holds no bin: no file '{PHOTO_FOLDER}/*{PHOTO_SUFFIX}' "
                f"and no file '{RECORD_FOLDER}/*{RECORD_SUFFIX}' (suffixes in lower case); "
                "copy the bins there first, or name another folder"
            )
        return listing

    def read_photo(self, bin_id: str) -> bytes:
        """Return the bytes of a photo, as stored.

        Raises:
            MissingBinError: If there is none of that id.
            SourceError: If `bin_id` is not a file name.
        """
        return self._read("photo", PHOTO_FOLDER, bin_id, PHOTO_SUFFIX)

    def read_record(self, bin_id: str) -> bytes:
        """Return the bytes of a record, as stored.

        Raises:
            MissingBinError: If there is none of that id.
            SourceError: If `bin_id` is not a file name.
        """
        return self._read("record", RECORD_FOLDER, bin_id, RECORD_SUFFIX)

    def _check_layout(self) -> None:
        if not self.root.exists():
            raise SourceError(
                f"source.root: '{self.root}' does not exist; "
                f"name the folder that holds '{PHOTO_FOLDER}/' and '{RECORD_FOLDER}/'"
            )
        if not self.root.is_dir():
            raise SourceError(
                f"source.root: '{self.root}' is a file, not a folder; "
                f"name the folder that holds '{PHOTO_FOLDER}/' and '{RECORD_FOLDER}/'"
            )
        if not any((self.root / folder).is_dir() for folder in (PHOTO_FOLDER, RECORD_FOLDER)):
            raise SourceError(
                f"source.root: '{self.root}' holds neither '{PHOTO_FOLDER}/' nor '{RECORD_FOLDER}/'; "
                "name the folder that holds both"
            )

    def _read(self, what: str, folder: str, bin_id: str, suffix: str) -> bytes:
        check_bin_id(bin_id)
        path = self.root / folder / f"{bin_id}{suffix}"
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise MissingBinError(f"bin '{bin_id}' has no {what}: '{path}' does not exist") from error


def check_bin_id(bin_id: str) -> None:
    """Refuse an id that is no plain file name, and so could reach outside the folder of its source.

    Raises:
        SourceError: If `bin_id` is empty, holds a path separator, `..` or NUL, or is not valid Unicode.
    """
    is_unicode = bin_id.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in bin_id)
    if not bin_id or not is_unicode or any(part in bin_id for part in ("/", "\\", "..", "\0")):
        raise SourceError(
            f"bin_id {bin_id!r} is not the name of a bin; an id is a file name without its suffix: "
            "not empty, valid Unicode, without '/', '\\', '..' or NUL"
        )


def _list_stems(folder: Path, suffix: str) -> list[str]:
    """List the names in `folder` that end in `suffix`, without it, sorted; none if there is no folder."""
    try:
        with os.scandir(folder) as entries:
            stems = [entry.name.removesuffix(suffix) for entry in entries if entry.name.endswith(suffix)]
    except FileNotFoundError:
        return []
    for stem in stems:
        check_bin_id(stem)
    return sorted(stems)


if TYPE_CHECKING:
    _satisfies_source: type[Source] = LocalSource
