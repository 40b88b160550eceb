"""Sources of bytes: folders and buckets that hold photos and records in the bucket's layout."""

from binrecon.sources.local import LocalSource
from binrecon.sources.source import BinListing, BinStamp, Source

__all__ = ["BinListing", "BinStamp", "LocalSource", "Source"]

SOURCES = {
    "local": "binrecon.sources.local:LocalSourceConfig",
    "synthetic": "binrecon.sources.synthetic.options:SyntheticSourceConfig",
    "abid": "binrecon.sources.s3.options:AbidSourceConfig",
}
"""Option of `source=` to the source's options."""
