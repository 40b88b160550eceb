"""Interface of a source of bins."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol


class BinListing(NamedTuple):
    """The keys a source holds, each list sorted and free of repeats.

    A bin normally stands in both; one that stands in only one of them is a fault for the manifest to report.
    """

    photo_ids: Sequence[str]
    record_ids: Sequence[str]


Stamp = tuple[int, int, int]
"""Size in bytes, time of the last write and time of the last change of any kind, in nanoseconds."""

UNKNOWN_STAMP: Stamp = (-1, -1, -1)
"""Of a file about which nothing can be told; never kept, so that it is read again the next time."""


class BinStamp(NamedTuple):
    """Stamp that changes with the files of a bin, read from their stats; None for a missing part."""

    photo: Stamp | None
    record: Stamp | None


class Source(Protocol):
    """A source in the bucket's layout: `bin-images/{bin_id}.jpg` beside `metadata/{bin_id}.json`.

    A `bin_id` is the key verbatim. `523` and `00523` are two bins; it is never an integer.
    """

    @property
    def folder(self) -> Path:
        """Folder of the bins on this machine once they are prepared."""
        ...

    def prepare(self) -> None:
        """Make the bins readable (render, fetch); a second call finds nothing left to do."""
        ...

    def list_bins(self) -> BinListing:
        """List every photo and every record.

        Raises:
            SourceError: If the source does not exist or holds no bin at all.
        """
        ...

    def stamp(self, bin_id: str, with_record: bool = True) -> BinStamp:
        """Return a value that changes whenever the bytes of a bin change.

        Args:
            bin_id: The bin.
            with_record: Include the record; if not, it is not read and its stamp is None.
        """
        ...

    def read_photo(self, bin_id: str) -> bytes:
        """Return the bytes of a photo, as stored.

        Raises:
            MissingBinError: If there is none of that id.
            UnreadableBinError: If there is one, but nothing can be had of it.
        """
        ...

    def read_record(self, bin_id: str) -> bytes:
        """Return the bytes of a record, as stored.

        Raises:
            MissingBinError: If there is none of that id.
            UnreadableBinError: If there is one, but nothing can be had of it.
        """
        ...
