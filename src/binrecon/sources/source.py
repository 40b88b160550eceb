"""What binrecon asks of a place that holds bins."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class BinListing(NamedTuple):
    """The keys a source holds, each list sorted and free of repeats.

    A bin normally stands in both; one that stands in only one of them is a fault for the manifest to report.
    """

    photo_ids: Sequence[str]
    record_ids: Sequence[str]


class Source(Protocol):
    """A place in the bucket's layout: `bin-images/{bin_id}.jpg` beside `metadata/{bin_id}.json`.

    A `bin_id` is the key verbatim. `523` and `00523` are two bins; it is never an integer.
    """

    def prepare(self) -> None:
        """Make the bins readable (render, fetch); a second call finds nothing left to do."""
        ...

    def list_bins(self) -> BinListing:
        """List every photo and every record.

        Raises:
            SourceError: If the place does not exist or holds no bin at all.
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
