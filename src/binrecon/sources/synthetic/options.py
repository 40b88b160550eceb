"""Options of `source=synthetic`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from binrecon.config.options import LARGEST_SEED, option
from binrecon.config.schema import SourceConfig

if TYPE_CHECKING:
    from binrecon.sources.synthetic.source import SyntheticSource


@dataclass
class FaultsConfig:
    """Bins with each kind of fault that the synthetic source plants."""

    corrupt_photos: int = option(0, at_least=0)
    """Photos that are cut short."""
    missing_records: int = option(0, at_least=0)
    """Photos without a record."""
    duplicate_photos: int = option(0, at_least=0)
    """Photos that are those of another bin, byte for byte."""
    contradictory_records: int = option(0, at_least=0)
    """Records whose count is not the sum of their items."""
    extra_empty_bins: int = option(0, at_least=0)
    """Empty bins, besides those that occur anyway."""
    unpadded_ids: int = option(0, at_least=0)
    """Bins with a key such as `523`, which is not `00523`."""


@dataclass
class SyntheticSourceConfig(SourceConfig):
    """Rendered bins with known counts, the same for the same settings."""

    name: str = "synthetic"
    root: str = option("${cache_dir}/synthetic", is_path=True)
    """Folder that the bins are rendered to."""
    bin_count: int = option(1000, at_least=1, at_most=10_000_000)
    """Bins to render."""
    seed: int = option(0, at_least=0, at_most=LARGEST_SEED)
    """Seed of the renderer; independent of the run's seed."""
    largest_count: int = option(7, at_least=1, at_most=12)
    """Largest number of items in a bin; as in the real data, some have more than data.max_count."""
    pair_fraction: float = option(0.3, at_least=0, at_most=1)
    """Share of bins that belong to a before/after pair of the same bin."""
    faults: FaultsConfig = field(default_factory=FaultsConfig)

    def build(self) -> "SyntheticSource":
        """Build it; nothing is rendered yet."""
        from binrecon.sources.synthetic.source import SyntheticSource

        return SyntheticSource(
            Path(self.root).expanduser(),
            self.bin_count,
            self.seed,
            self.largest_count,
            self.pair_fraction,
            self.faults,
        )
