"""A folder of bins in the bucket's layout."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from binrecon.config.options import option
from binrecon.config.schema import SourceConfig
from binrecon.console import get_console
from binrecon.errors import MissingBinError, SourceError, UnreadableBinError
from binrecon.regular_file import read_regular
from binrecon.sources.folder import describe_others, list_folder
from binrecon.sources.layout import (
    MAX_BYTES,
    PARTS,
    PHOTO_FOLDER,
    PHOTO_SUFFIX,
    RECORD_FOLDER,
    RECORD_SUFFIX,
    BinPart,
    Part,
    check_bin_id,
)
from binrecon.sources.source import UNKNOWN_STAMP, BinListing, BinStamp, Source, Stamp

_OF_THIS_PROCESS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Errors for which no file is to blame: too many are open, or memory is short."""


@dataclass
class LocalSourceConfig(SourceConfig):
    """A folder in the layout of aft-vbi-pds: bin-images/{bin_id}.jpg beside metadata/{bin_id}.json."""

    name: str = "local"
    root: str = option("${oc.env:BINRECON_ROOT,data/abid}", is_path=True)
    """Folder of the bins."""

    is_given: ClassVar[bool] = True

    def build(self) -> "LocalSource":
        """Build it; nothing is read yet."""
        return LocalSource(Path(self.root).expanduser())


class LocalSource:
    """Reads bins from `root/bin-images/{bin_id}.jpg` and `root/metadata/{bin_id}.json`.

    Photos may end in `.jpeg` or in capitals as well. One file that cannot be read is its bin's fault alone.

    Args:
        root: The folder that holds both folders. Nothing is read before the first call.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._faults: dict[Part, dict[str, str]] = {}

    @property
    def folder(self) -> Path:
        """The folder that holds both folders."""
        return self.root

    def prepare(self) -> None:
        """Do nothing: the bins already lie in the folder."""

    def list_bins(self) -> BinListing:
        """List every photo and every record of the folder, and report other files.

        Hidden files, folders and files with other suffixes are no bins. A file whose name cannot be an id,
        and several files that would be one photo, are listed; they are refused when they are read.

        Raises:
            SourceError: If the folder does not exist, is not laid out like the bucket, cannot be listed, or
                holds no bin.
        """
        self._check_layout()
        listings = {part: list_folder(self.root, part) for part in PARTS}
        self._faults = {part: listing.faults for part, listing in listings.items()}
        notes = [note for part in PARTS if (note := describe_others(part, listings[part])) is not None]
        for note in notes:
            get_console().print(note, markup=False, highlight=False)
        found = BinListing(listings["photo"].ids, listings["record"].ids)
        if not found.photo_ids and not found.record_ids:
            raise SourceError(
                f"source.root: '{self.root}' holds no bin: no file '{PHOTO_FOLDER}/*{PHOTO_SUFFIX}' "
                f"and no file '{RECORD_FOLDER}/*{RECORD_SUFFIX}'; "
                "copy the bins there first, or name another folder"
            )
        return found

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
            UnreadableBinError: If the file cannot be read.
            SourceError: If `bin_id` is not a file name, or this process can open no file at all.
        """
        return self._read(BinPart(bin_id, "photo"))

    def read_record(self, bin_id: str) -> bytes:
        """Return the bytes of a record, as stored.

        Raises:
            MissingBinError: If there is none of that id.
            UnreadableBinError: If the file cannot be read.
            SourceError: If `bin_id` is not a file name, or this process can open no file at all.
        """
        return self._read(BinPart(bin_id, "record"))

    def _check_layout(self) -> None:
        wanted = f"name the folder that holds '{PHOTO_FOLDER}/' and '{RECORD_FOLDER}/'"
        try:
            if not self.root.exists():
                raise SourceError(f"source.root: '{self.root}' does not exist; {wanted}")
            if not self.root.is_dir():
                raise SourceError(f"source.root: '{self.root}' is a file, not a folder; {wanted}")
            has_folder = any((self.root / folder).is_dir() for folder in (PHOTO_FOLDER, RECORD_FOLDER))
        except OSError as error:
            raise SourceError(
                f"source.root: '{self.root}' cannot be looked into ({error.strerror}); "
                "mend the disk or your rights to it, or name another folder"
            ) from error
        if not has_folder:
            raise SourceError(
                f"source.root: '{self.root}' holds neither '{PHOTO_FOLDER}/' nor '{RECORD_FOLDER}/'; "
                "name the folder that holds both"
            )

    def _read(self, wanted: BinPart) -> bytes:
        path = self.root / wanted.path
        if self._is_refused(wanted.bin_id):
            if (reason := self._faults[wanted.part].get(wanted.bin_id)) is not None:
                message = (
                    f"bin '{wanted.bin_id}': its {wanted.part} in '{path.parent}' cannot be read: {reason}"
                )
                raise UnreadableBinError(message, reason)
        else:
            check_bin_id(wanted.bin_id)
        try:
            return self._read_any(wanted)
        except FileNotFoundError as error:
            raise MissingBinError(
                f"bin '{wanted.bin_id}' has no {wanted.part}: '{path}' does not exist"
            ) from error
        except OSError as error:
            raise _explain(wanted, path, error) from error

    def _read_any(self, wanted: BinPart) -> bytes:
        """Read a file with the first of its suffixes that exists."""
        usual, *others = (f"{self.root}/{path}" for path in wanted.paths)
        try:
            return read_regular(usual, MAX_BYTES[wanted.part])
        except FileNotFoundError:
            if os.path.lexists(usual):  # a link that leads nowhere
                raise
        for path in others:
            if os.path.lexists(path):
                return read_regular(path, MAX_BYTES[wanted.part])
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), usual)

    def _stamp(self, wanted: BinPart) -> Stamp | None:
        if self._is_refused(wanted.bin_id):
            return UNKNOWN_STAMP if wanted.bin_id in self._faults[wanted.part] else None
        check_bin_id(wanted.bin_id)
        for path in wanted.paths:
            try:
                status = os.stat(f"{self.root}/{path}")  # noqa: PTH116  # a Path for each of a million files takes longer than the question
            except FileNotFoundError:
                continue
            except OSError:
                return UNKNOWN_STAMP  # reading it will say why
            return status.st_size, status.st_mtime_ns, status.st_ctime_ns
        return None

    def _is_refused(self, bin_id: str) -> bool:
        return any(bin_id in faults for faults in self._faults.values())


def _explain(wanted: BinPart, path: Path, error: OSError) -> SourceError:
    reason = error.strerror or str(error)
    if error.errno in _OF_THIS_PROCESS:
        return SourceError(
            f"bin '{wanted.bin_id}': its {wanted.part} cannot be opened ({reason}), which is no fault of the "
            "file; raise the limit (ulimit -n), or use fewer processes"
        )
    return UnreadableBinError(
        f"bin '{wanted.bin_id}': its {wanted.part} '{path}' cannot be read ({reason}); "
        "give yourself the right to read it, or move the file away",
        f"it cannot be read ({reason})",
    )


if TYPE_CHECKING:
    _satisfies_source: type[Source] = LocalSource
