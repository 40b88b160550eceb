"""Where bytes come from: places in the bucket's layout that hold photos and records."""

from binrecon.sources.local import LocalSource
from binrecon.sources.source import BinListing, BinStamp, Source

__all__ = ["BinListing", "BinStamp", "LocalSource", "Source"]

SOURCES = {
    "local": "binrecon.sources.local:LocalSourceConfig",
    "synthetic": "binrecon.sources.synthetic.options:SyntheticSourceConfig",
    "abid": "binrecon.sources.s3.options:AbidSourceConfig",
}
"""Option of `source=` to the source's options."""
