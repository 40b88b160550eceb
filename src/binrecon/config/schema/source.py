"""Where bins come from."""

from dataclasses import dataclass, field

from binrecon.config.schema.missing import MISSING
from binrecon.config.schema.paths import PATH


@dataclass
class SourceConfig:
    """Where bins come from."""

    name: str = MISSING
    """Which source this is; set by the group option, not by hand."""
    root: str = field(default=MISSING, metadata=PATH)
    """Folder of the bins; where they are rendered (`synthetic`) or fetched to (`abid`)."""


@dataclass
class LocalSourceConfig(SourceConfig):
    """A folder in the bucket's layout: `bin-images/{bin_id}.jpg` beside `metadata/{bin_id}.json`."""

    name: str = "local"


@dataclass
class FaultsConfig:
    """How many bins of each kind of fault the synthetic source plants."""

    corrupt_photos: int = 0
    """Photos that are cut short."""
    missing_records: int = 0
    """Photos without a record."""
    duplicate_photos: int = 0
    """Photos that are those of another bin, byte for byte."""
    contradictory_records: int = 0
    """Records whose count is not the sum of their items."""
    extra_empty_bins: int = 0
    """Empty bins, besides those that occur anyway."""
    unpadded_ids: int = 0
    """Bins with a key such as `523`, which is not `00523`."""


@dataclass
class SyntheticSourceConfig(SourceConfig):
    """Rendered bins with known counts, the same for the same settings."""

    name: str = "synthetic"
    bin_count: int = 1000
    """How many bins to render."""
    seed: int = 0
    """Seed of the renderer; independent of the run's seed."""
    largest_count: int = 7
    """Largest number of items in a bin."""
    pair_fraction: float = 0.3
    """Share of bins that belong to a before/after pair of the same bin."""
    faults: FaultsConfig = field(default_factory=FaultsConfig)


@dataclass
class AbidSourceConfig(SourceConfig):
    """The dataset's bucket on S3 (or a copy on any S3 server), read through a local folder."""

    name: str = "abid"
    subset: str = field(default=MISSING, metadata=PATH)
    """`fetched` (all that lies in `root`), or what to bring there: the words of `fetch`."""
    parts: str = MISSING
    """What to bring of each bin: `both`, only `photos` or only `records`."""
    bucket: str = MISSING
    """Name of the bucket."""
    prefix: str = MISSING
    """What stands before `bin-images/` and `metadata/` in every key, without a slash at the end."""
    region: str = MISSING
    """Region of the bucket."""
    endpoint_url: str | None = MISSING
    """Another S3 server, for instance http://127.0.0.1:8333; null for Amazon's."""
    is_signed: bool = MISSING
    """Whether requests are signed with the credentials of the usual AWS chain; the dataset needs none."""
    lists_dir: str = field(default=MISSING, metadata=PATH)
    """Folder of the published lists, for the subsets that they name."""
    sample_seed: int = MISSING
    """Chooses another `sample:N`."""
    connections: int = MISSING
    """Objects fetched at a time."""
    attempts: int = MISSING
    """How often an object is tried before it is given up and listed."""
    backoff_s: float = MISSING
    """Wait before the second attempt, in seconds; doubled before each further one, at random by half less."""
    stall_timeout_s: float = MISSING
    """An attempt ends when nothing arrives for so long, in seconds."""
    checks_etags: bool = MISSING
    """Whether bytes must have the MD5 of their ETag; turn off for servers with ETags of another kind."""
