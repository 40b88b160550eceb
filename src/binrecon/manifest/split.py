"""The rules that say which bins train, choose and judge a model."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, Self

import pyarrow as pa
import pyarrow.compute as pc

from binrecon.config.schema import DataConfig
from binrecon.config.split_words import GROUPED, SPLITS, Split
from binrecon.errors import ManifestError
from binrecon.published import PublishedSplit

_BINS_PER_PIECE = 10_000  # whose groups are held as Python text at a time


class SplitRule(Protocol):
    """Says which bins train, choose and judge a model."""

    @property
    def name(self) -> str:
        """The word for it in `data.split`."""
        ...

    @property
    def has_test(self) -> bool:
        """True if some bins are kept for the test; if not, a model is judged on the bins it was chosen by."""
        ...

    @property
    def needs_records(self) -> bool:
        """Return whether records have to be read; if not, recorded counts are those of `list_counts`."""
        ...

    def list_counts(self, bin_ids: pa.ChunkedArray) -> pa.ChunkedArray | None:
        """Return the published count of each bin, null if it is not listed; None if every bin counts."""
        ...

    def assign(self, bin_ids: pa.ChunkedArray, groups: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return the split of each bin; null for bins that are not listed."""
        ...

    def count_listed(self) -> dict[str, int]:
        """Count the published bins of each split, or of the pool as `all`; empty if every bin counts."""
        ...

    def advise(self, split: Split) -> str:
        """Say what brings bins into an empty split."""
        ...


@dataclass(frozen=True)
class GroupedSplit:
    """Assigns whole groups of bins to splits by a hash of the group's name, and of nothing else.

    So adding bins moves no bin to another split, with one exception: a new bin that joins a group can give it
    a new name (its own, if it comes first) or weld two groups into one, and then old members may move along.
    Taking bins away is the same read backwards. The fractions are met on average over groups, not exactly.
    Which groups are test depends on `test_fraction` and `seed` alone.

    Args:
        val_fraction: Share of the groups that choose epochs and settings.
        test_fraction: Share of the groups that judge.
        seed: Chooses another random split of the same bins.

    Raises:
        ManifestError: If a fraction is negative, or no group is left for training.
    """

    val_fraction: float
    test_fraction: float
    seed: int = 0

    def __post_init__(self) -> None:
        is_share = self.val_fraction >= 0 and self.test_fraction >= 0
        if not (is_share and self.val_fraction + self.test_fraction < 1):
            raise ManifestError(
                f"data.val_fraction={self.val_fraction}, data.test_fraction={self.test_fraction}: "
                "both must be at least 0 and their sum below 1, so that bins are left to train on"
            )

    @classmethod
    def of(cls, config: DataConfig) -> Self:
        """Return the rule that a configuration asks for."""
        return cls(config.val_fraction, config.test_fraction, config.split_seed)

    @property
    def name(self) -> str:
        """The word for it in `data.split`."""
        return GROUPED

    @property
    def has_test(self) -> bool:
        """True: whoever sets `test_fraction` to 0 has to be told."""
        return True

    @property
    def needs_records(self) -> bool:
        """True: only their products tell which photos show one bin."""
        return True

    def list_counts(self, bin_ids: pa.ChunkedArray) -> None:
        """Return None: the rule takes every bin."""
        return

    def assign(self, bin_ids: pa.ChunkedArray, groups: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return the split of each bin's group."""
        starts = range(0, len(groups), _BINS_PER_PIECE)
        pieces = [self._assign_piece(groups.slice(start, _BINS_PER_PIECE)) for start in starts]
        return pa.chunked_array([piece for chunks in pieces for piece in chunks.chunks], pa.string())

    def _assign_piece(self, groups: pa.ChunkedArray) -> pa.ChunkedArray:
        names = pc.unique(groups)
        splits = pa.array([self.split_of(name) for name in names.to_pylist()], pa.string())
        return splits.take(pc.index_in(groups, value_set=names))

    def count_listed(self) -> dict[str, int]:
        """Return nothing: the rule takes every bin."""
        return {}

    def advise(self, split: Split) -> str:
        """Say what brings bins into an empty split."""
        return f"raise data.{split}_fraction, add bins, or try another data.split_seed"

    def split_of(self, group: str) -> Split:
        """Return the split of a group."""
        digest = hashlib.sha256(f"{self.seed}:{group}".encode()).digest()
        uniform = (int.from_bytes(digest[:8]) >> 11) / 2**53  # 53 bits: the most a float in [0, 1) holds
        if uniform < self.test_fraction:
            return "test"
        return "val" if uniform < self.test_fraction + self.val_fraction else "train"


@dataclass(frozen=True)
class ListedSplit:
    """Assigns the bins that somebody published as they did, and no others.

    Args:
        published: What they published.
        pool_rule: Splits the bins where only the pool of them was published.
        needs_records: Whether records are read; if not, the published counts stand for theirs.

    Raises:
        ManifestError: If the pool would have to be split without records.
    """

    published: PublishedSplit
    pool_rule: GroupedSplit
    needs_records: bool = True

    def __post_init__(self) -> None:
        if self.published.splits is None and not self.needs_records:
            raise ManifestError(describe_lack_of_records(self.name))

    @property
    def name(self) -> str:
        """The word for it in `data.split`."""
        return self.published.name

    @property
    def has_test(self) -> bool:
        """Return whether some of the published bins are kept for the test."""
        return self.published.has_test

    def list_counts(self, bin_ids: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return the published count of each bin, null where none was published."""
        return _look_up(self._counts, bin_ids)

    def assign(self, bin_ids: pa.ChunkedArray, groups: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return the published split of each bin; null for bins that are not listed."""
        if self._splits is not None:
            return _look_up(self._splits, bin_ids)
        is_listed = pc.is_in(bin_ids, value_set=self._counts[0])
        return pc.if_else(is_listed, self.pool_rule.assign(bin_ids, groups), None)

    def count_listed(self) -> dict[str, int]:
        """Count the published bins of each split that has any, or of the pool as `all`."""
        if self.published.splits is None:
            return {"all": len(self.published.counts)}
        bins = Counter(self.published.splits.values())
        return {split: bins[split] for split in SPLITS if bins[split]}

    def advise(self, split: Split) -> str:
        """Say what brings bins into an empty split."""
        if self.published.splits is None:
            return self.pool_rule.advise(split)
        return f"add bins that data.split={self.name} lists as {split}, or use another data.split"

    @cached_property
    def _counts(self) -> tuple[pa.Array, pa.Array]:
        return _columns(self.published.counts, pa.int32())

    @cached_property
    def _splits(self) -> tuple[pa.Array, pa.Array] | None:
        splits = self.published.splits
        return None if splits is None else _columns(splits, pa.string())


def describe_lack_of_records(split: str) -> str:
    """Say why a split cannot do without records."""
    return (
        f"data.counts_from=lists cannot go with data.split={split}: without records nobody can tell which "
        "photos show one bin, and such photos must not stand in different splits; "
        "use data.counts_from=records, or data.split=unc, stanford_all or stanford_150k"
    )


def _columns(values: Mapping[str, object], kind: pa.DataType) -> tuple[pa.Array, pa.Array]:
    return pa.array(values, pa.string()), pa.array(values.values(), kind)


def _look_up(columns: tuple[pa.Array, pa.Array], bin_ids: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the value of each bin; null where it has none."""
    keys, values = columns
    return values.take(pc.index_in(bin_ids, value_set=keys))


if TYPE_CHECKING:
    _grouped_satisfies_rule: type[SplitRule] = GroupedSplit
    _listed_satisfies_rule: type[SplitRule] = ListedSplit
