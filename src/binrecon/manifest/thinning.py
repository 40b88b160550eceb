"""A share of the training bins, for learning curves: whole groups, and each share holds every smaller one."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from binrecon.config.split_words import Split
from binrecon.manifest.faults import SEPARATOR, SET_ASIDE_REASON
from binrecon.manifest.schema import SCHEMA, Manifest, Status
from binrecon.manifest.split import SplitRule


@dataclass(frozen=True)
class ThinnedSplit:
    """Another rule, with fewer training bins; those that choose and judge are the same.

    A group trains or is set aside as a hash of its name says, so that a smaller share trains on a part of
    what a larger one does. The share is met on average over groups, not exactly.

    Args:
        rule: Says which bins would train.
        train_share: Share of their groups that do, above 0 and at most 1.
        seed: Chooses another random part of the same bins.
    """

    rule: SplitRule
    train_share: float
    seed: int

    @property
    def name(self) -> str:
        """The word for the rule in `data.split`."""
        return self.rule.name

    @property
    def has_test(self) -> bool:
        """Return whether some bins are kept for the test."""
        return self.rule.has_test

    @property
    def needs_records(self) -> bool:
        """Return whether records have to be read."""
        return self.rule.needs_records

    def list_counts(self, bin_ids: pa.ChunkedArray) -> pa.ChunkedArray | None:
        """Return the published count of each bin; None if every bin counts."""
        return self.rule.list_counts(bin_ids)

    def assign(self, bin_ids: pa.ChunkedArray, groups: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return the split of each bin; null for those set aside, and for those that are not listed."""
        splits = self.rule.assign(bin_ids, groups)
        names = pc.unique(pc.filter(groups, pc.fill_null(pc.equal(splits, "train"), False)))
        aside = pa.array([name for name in names.to_pylist() if not self._trains(name)], pa.string())
        is_aside = pc.and_(pc.equal(splits, "train"), pc.is_in(groups, value_set=aside))
        return pc.if_else(pc.fill_null(is_aside, False), pa.scalar(None, pa.string()), splits)

    def count_listed(self) -> dict[str, int]:
        """Count the published bins of each split: those set aside too."""
        return self.rule.count_listed()

    def advise(self, split: Split) -> str:
        """Say what brings bins into an empty split."""
        return "raise data.train_share" if split == "train" else self.rule.advise(split)

    def _trains(self, group: str) -> bool:
        digest = hashlib.sha256(f"{self.seed}:train:{group}".encode()).digest()
        return (int.from_bytes(digest[:8]) >> 11) / 2**53 < self.train_share


def undo_thinning(manifest: Manifest) -> Manifest:
    """Return a manifest as it is where all training bins train: what runs on any share have in common."""
    table = manifest.table
    is_aside = pc.equal(table["status"], str(Status.SET_ASIDE))
    others = pc.replace_substring(table["reason"], f"{SEPARATOR}{SET_ASIDE_REASON}", "")
    columns = {
        "split": pc.if_else(is_aside, "train", table["split"]),
        "status": pc.if_else(is_aside, str(Status.USABLE), table["status"]),
        "reason": pc.if_else(is_aside, None, others),
    }
    return Manifest(pa.table([columns.get(name, table[name]) for name in SCHEMA.names], schema=SCHEMA))


if TYPE_CHECKING:
    _thinned_satisfies_rule: type[SplitRule] = ThinnedSplit
