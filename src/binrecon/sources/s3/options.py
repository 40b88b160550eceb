"""Options of `source=abid`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from binrecon.config.options import LARGEST_SEED, option
from binrecon.config.schema import SourceConfig

if TYPE_CHECKING:
    from binrecon.sources.s3.source import S3Source


@dataclass
class AbidSourceConfig(SourceConfig):
    """The bucket aft-vbi-pds on S3, or a copy on any S3 server, fetched into a folder; see `fetch`.

    Amazon Bin Image Dataset, CC BY-NC-SA 3.0 US: https://registry.opendata.aws/amazon-bin-imagery/
    """

    name: str = "abid"
    root: str = option("${oc.env:BINRECON_ABID_ROOT,${cache_dir}/abid}", is_path=True)
    """Folder that the bins are fetched to."""
    subset: str = option("fetched", is_path=True)
    """`fetched` (all that lies in `root`), or what to bring there: the values of `fetch`."""
    parts: str = option("both", choices=("both", "photos", "records"))
    """Parts of each bin to fetch: `both`, only `photos` or only `records`."""
    bucket: str = "aft-vbi-pds"
    """Name of the bucket."""
    prefix: str = ""
    """Prefix of `bin-images/` and `metadata/` in every key, without a slash at the end."""
    region: str = "us-east-1"
    """Region of the bucket."""
    endpoint_url: str | None = None
    """Another S3 server, for instance http://127.0.0.1:8333; null for Amazon's."""
    is_signed: bool = False
    """Sign requests with the credentials of the usual AWS chain; the dataset needs none."""
    lists_dir: str = option("${lists_dir}", is_path=True)
    """Folder of the published lists, for the subsets that they name."""
    sample_seed: int = option(0, at_least=0, at_most=LARGEST_SEED)
    """Chooses another `sample:N`."""
    connections: int = option(32, at_least=1, at_most=1_024)
    """Objects fetched at a time."""
    attempts: int = option(6, at_least=1, at_most=1_000)
    """Attempts at an object before it is given up and listed."""
    backoff_s: float = option(0.5, at_least=0)
    """Wait before the second attempt, in seconds; doubled before each further one, at random by half less."""
    stall_timeout_s: float = option(15.0, above=0)
    """An attempt ends when nothing arrives for so long, in seconds."""
    checks_etags: bool = True
    """Compare bytes with the MD5 of their ETag; turn off for servers with ETags of another kind."""

    def build(self) -> "S3Source":
        """Build it; nothing is fetched yet."""
        from binrecon.sources.s3.source import S3Source

        return S3Source(self)
