"""The dataset's bucket as a source: fetched into a folder first, then read from there."""

from pathlib import Path
from typing import TYPE_CHECKING

from binrecon.config.subset_words import FETCHED
from binrecon.console import get_console
from binrecon.errors import IncompleteFetchError, SourceError
from binrecon.sources.local import LocalSource
from binrecon.sources.s3.attempt import Fault
from binrecon.sources.s3.fetch import Fetch
from binrecon.sources.s3.options import AbidSourceConfig
from binrecon.sources.s3.report import describe_failures
from binrecon.sources.source import BinListing, BinStamp, Source


class S3Source:
    """Reads a subset of a bucket through a folder that holds what was fetched of it.

    Only `prepare` talks to the server, and only if something is missing; so bins can be read in forked
    processes and without a network.

    Args:
        config: Which bucket, which subset, and where the folder is.
    """

    def __init__(self, config: AbidSourceConfig) -> None:
        self._config = config
        self._bins = LocalSource(Path(config.root).expanduser())

    @property
    def folder(self) -> Path:
        """Folder of the fetched bins."""
        return self._bins.root

    def prepare(self) -> None:
        """Fetch what is missing of the subset; nothing for `subset=fetched`.

        Raises:
            SourceError: If nothing was ever fetched, or the server or the folder fails.
            IncompleteFetchError: If an object could not be had although the bucket has it. What the bucket
                does not have is no error here: the manifest lists such bins with their fault.
        """
        if self._config.subset == FETCHED:
            if not self._bins.root.is_dir():
                raise SourceError(
                    f"source.root: nothing has been fetched into '{self._bins.root}' yet; fetch first, for "
                    "instance with `binrecon fetch subset=sample:500`, or say what to bring: "
                    "source.subset=sample:500"
                )
            return
        outcome = Fetch(self._config).run()
        failures = outcome.tally.failures
        if any(failure.fault != Fault.NOT_FOUND for failure in failures):
            raise IncompleteFetchError(
                f"source.subset={self._config.subset}: {describe_failures(failures)}; "
                "run the same command again: it tries only these"
            )
        if failures:
            get_console().print(describe_failures(failures))

    def list_bins(self) -> BinListing:
        """List the bins of the subset, whether the bucket has them or not, or all that lie in the folder.

        Raises:
            SourceError: If the folder does not exist or holds no bin at all.
        """
        present = self._bins.list_bins()
        if self._config.subset == FETCHED:
            return present
        asked = sorted(set(Fetch(self._config).list_subset()))
        return BinListing(asked, asked)

    def stamp(self, bin_id: str, with_record: bool = True) -> BinStamp:
        """Return sizes and times of a bin's files."""
        return self._bins.stamp(bin_id, with_record)

    def read_photo(self, bin_id: str) -> bytes:
        """Return the bytes of a photo, as fetched.

        Raises:
            MissingBinError: If it was not fetched.
        """
        return self._bins.read_photo(bin_id)

    def read_record(self, bin_id: str) -> bytes:
        """Return the bytes of a record, as fetched.

        Raises:
            MissingBinError: If it was not fetched.
        """
        return self._bins.read_record(bin_id)


if TYPE_CHECKING:
    _satisfies_source: type[Source] = S3Source
