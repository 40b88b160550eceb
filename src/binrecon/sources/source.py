"""What binrecon asks of a place that holds bins."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol


class BinListing(NamedTuple):
    """The keys a source holds, each list sorted and free of repeats.

    A bin normally stands in both; one that stands in only one of them is a fault for the manifest to report.
    """

    photo_ids: Sequence[str]
    record_ids: Sequence[str]


class BinStamp(NamedTuple):
    """What tells that a bin has changed without reading it; None for a part that is not there.

    Each is size in bytes, time of the last write and time of the last change of any kind, in nanoseconds.
    """

    photo: tuple[int, int, int] | None
    record: tuple[int, int, int] | None


class Source(Protocol):
    """A place in the bucket's layout: `bin-images/{bin_id}.jpg` beside `metadata/{bin_id}.json`.

    A `bin_id` is the key verbatim. `523` and `00523` are two bins; it is never an integer.
    """

    @property
    def folder(self) -> Path:
        """Where the bins lie on this machine once they are prepared; no other source has them there."""
        ...

    def prepare(self) -> None:
        """Make the bins readable (render, fetch); a second call finds nothing left to do."""
        ...

    def list_bins(self) -> BinListing:
        """List every photo and every record.

        Raises:
            SourceError: If the place does not exist or holds no bin at all.
        """
        ...

    def stamp(self, bin_id: str, with_record: bool = True) -> BinStamp:
        """Return a value that is another one whenever the bytes of a bin are others.

        Args:
            bin_id: The bin.
            with_record: Whether the record matters; if not, it is not looked at and its stamp is None.
        """
        ...

    def read_photo(self, bin_id: str) -> bytes:
        """Return the bytes of a photo, as stored.

        Raises:
            MissingBinError: If there is none of that id.
        """
        ...

    def read_record(self, bin_id: str) -> bytes:
        """Return the bytes of a record, as stored.

        Raises:
            MissingBinError: If there is none of that id.
        """
        ...
