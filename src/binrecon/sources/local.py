"""A folder of bins in the bucket's layout."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from binrecon.errors import MissingBinError, SourceError
from binrecon.sources.layout import (
    PHOTO_FOLDER,
    PHOTO_SUFFIX,
    RECORD_FOLDER,
    RECORD_SUFFIX,
    BinPart,
    check_bin_id,
)
from binrecon.sources.source import BinListing, BinStamp, Source


class LocalSource:
    """Reads bins from `root/bin-images/{bin_id}.jpg` and `root/metadata/{bin_id}.json`.

    Args:
        root: The folder that holds both folders. Nothing is read before the first question.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def folder(self) -> Path:
        """The folder that holds both folders."""
        return self.root

    def prepare(self) -> None:
        """Do nothing: the bins already lie in the folder."""

    def list_bins(self) -> BinListing:
        """List every photo and every record of the folder.

        Suffixes are those of the bucket, lower case; a file with any other suffix, or a folder, is no bin.

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

    def stamp(self, bin_id: str, with_record: bool = True) -> BinStamp:
        """Return sizes and times of a bin's files.

        Raises:
            SourceError: If `bin_id` is not a file name.
        """
        record = self._stamp(BinPart(bin_id, "record")) if with_record else None
        return BinStamp(self._stamp(BinPart(bin_id, "photo")), record)

    def read_photo(self, bin_id: str) -> bytes:
        """Return the bytes of a photo, as stored.

        Raises:
            MissingBinError: If there is none of that id.
            SourceError: If `bin_id` is not a file name, or the file cannot be read.
        """
        return self._read(BinPart(bin_id, "photo"))

    def read_record(self, bin_id: str) -> bytes:
        """Return the bytes of a record, as stored.

        Raises:
            MissingBinError: If there is none of that id.
            SourceError: If `bin_id` is not a file name, or the file cannot be read.
        """
        return self._read(BinPart(bin_id, "record"))

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

    def _read(self, wanted: BinPart) -> bytes:
        check_bin_id(wanted.bin_id)
        path = self.root / wanted.path
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise MissingBinError(
                f"bin '{wanted.bin_id}' has no {wanted.part}: '{path}' does not exist"
            ) from error
        except OSError as error:
            raise SourceError(
                f"bin '{wanted.bin_id}': its {wanted.part} '{path}' cannot be read ({error.strerror}); "
                "give yourself the right to read it, or move the file away"
            ) from error

    def _stamp(self, wanted: BinPart) -> tuple[int, int, int] | None:
        check_bin_id(wanted.bin_id)
        try:
            status = os.stat(f"{self.root}/{wanted.path}")  # noqa: PTH116  # a Path for each of a million files takes longer than the question
        except FileNotFoundError:
            return None
        return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _list_stems(folder: Path, suffix: str) -> list[str]:
    """List the files in `folder` that end in `suffix`, without it, sorted; none if there is no folder."""
    try:
        with os.scandir(folder) as entries:
            stems = [
                entry.name.removesuffix(suffix)
                for entry in entries
                if entry.name.endswith(suffix) and not entry.is_dir()
            ]
    except FileNotFoundError:
        return []
    for stem in stems:
        check_bin_id(stem)
    return sorted(stems)


if TYPE_CHECKING:
    _satisfies_source: type[Source] = LocalSource
