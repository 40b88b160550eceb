"""Splits of the dataset that others published, rebuilt exactly from their lists."""

from collections.abc import Mapping
from dataclasses import dataclass

from binrecon.config.split_words import Split


@dataclass(frozen=True)
class PublishedSplit:
    """Which bins somebody trained and tested on.

    Args:
        name: One of `PUBLISHED_SPLITS`.
        counts: The recorded count of every bin, by its id, in the order of the publication.
        splits: The split of every bin; None where only the pool of bins was published, not how it was split.
    """

    name: str
    counts: Mapping[str, int]
    splits: Mapping[str, Split] | None

    @property
    def has_test(self) -> bool:
        """Whether some bins are kept for the test; UNC chose epochs and reported on one list, its `val`."""
        return self.splits is None or "test" in self.splits.values()
