"""The rule that says which bins train, choose and judge a model."""

import hashlib
from dataclasses import dataclass
from typing import Self

from binrecon.config.schema import DataConfig
from binrecon.config.split_words import Split
from binrecon.errors import ManifestError


@dataclass(frozen=True)
class SplitRule:
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

    def split_of(self, group: str) -> Split:
        """Return the split of a group."""
        digest = hashlib.sha256(f"{self.seed}:{group}".encode()).digest()
        uniform = (int.from_bytes(digest[:8]) >> 11) / 2**53  # 53 bits: the most a float in [0, 1) holds
        if uniform < self.test_fraction:
            return "test"
        return "val" if uniform < self.test_fraction + self.val_fraction else "train"
