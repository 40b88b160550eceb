"""Where bins come from."""

from dataclasses import dataclass, field

from binrecon.config.options import LARGEST_SEED, MISSING, option


@dataclass
class SourceConfig:
    """Where bins come from."""

    name: str = MISSING
    """Which source this is; set by the group option, not by hand."""
    root: str = option(is_path=True)
    """Folder of the bins; where they are rendered (`synthetic`) or fetched to (`abid`)."""


@dataclass
class LocalSourceConfig(SourceConfig):
    """A folder in the layout of aft-vbi-pds: bin-images/{bin_id}.jpg beside metadata/{bin_id}.json."""

    name: str = "local"
    root: str = option("${oc.env:BINRECON_ROOT,data/abid}", is_path=True)
    """Folder of the bins."""


@dataclass
class FaultsConfig:
    """How many bins of each kind of fault the synthetic source plants."""

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
    """How many bins to render."""
    seed: int = option(0, at_least=0, at_most=LARGEST_SEED)
    """Seed of the renderer; independent of the run's seed."""
    largest_count: int = option(7, at_least=1, at_most=12)
    """Largest number of items in a bin; as in the real data, some have more than data.max_count."""
    pair_fraction: float = option(0.3, at_least=0, at_most=1)
    """Share of bins that belong to a before/after pair of the same bin."""
    faults: FaultsConfig = field(default_factory=FaultsConfig)


@dataclass
class AbidSourceConfig(SourceConfig):
    """The bucket aft-vbi-pds on S3, or a copy on any S3 server, fetched into a folder; `fetch` says more.

    Amazon Bin Image Dataset, CC BY-NC-SA 3.0 US: https://registry.opendata.aws/amazon-bin-imagery/
    """

    name: str = "abid"
    root: str = option("${oc.env:BINRECON_ABID_ROOT,${cache_dir}/abid}", is_path=True)
    """Folder that the bins are fetched to."""
    subset: str = option("fetched", is_path=True)
    """`fetched` (all that lies in `root`), or what to bring there: the words of `fetch`."""
    parts: str = option("both", choices=("both", "photos", "records"))
    """What to bring of each bin: `both`, only `photos` or only `records`."""
    bucket: str = "aft-vbi-pds"
    """Name of the bucket."""
    prefix: str = ""
    """What stands before `bin-images/` and `metadata/` in every key, without a slash at the end."""
    region: str = "us-east-1"
    """Region of the bucket."""
    endpoint_url: str | None = None
    """Another S3 server, for instance http://127.0.0.1:8333; null for Amazon's."""
    is_signed: bool = False
    """Whether requests are signed with the credentials of the usual AWS chain; the dataset needs none."""
    lists_dir: str = option("${lists_dir}", is_path=True)
    """Folder of the published lists, for the subsets that they name."""
    sample_seed: int = option(0, at_least=0, at_most=LARGEST_SEED)
    """Chooses another `sample:N`."""
    connections: int = option(32, at_least=1, at_most=1_024)
    """Objects fetched at a time."""
    attempts: int = option(6, at_least=1, at_most=1_000)
    """How often an object is tried before it is given up and listed."""
    backoff_s: float = option(0.5, at_least=0)
    """Wait before the second attempt, in seconds; doubled before each further one, at random by half less."""
    stall_timeout_s: float = option(15.0, above=0)
    """An attempt ends when nothing arrives for so long, in seconds."""
    checks_etags: bool = True
    """Whether bytes must have the MD5 of their ETag; turn off for servers with ETags of another kind."""


SOURCES = {
    "local": "binrecon.config.schema.source:LocalSourceConfig",
    "synthetic": "binrecon.config.schema.source:SyntheticSourceConfig",
    "abid": "binrecon.config.schema.source:AbidSourceConfig",
}
"""Option of `source=` to the source's options."""
