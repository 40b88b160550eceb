"""Where bytes come from: places in the bucket's layout that hold photos and records."""

from binrecon.sources.local import LocalSource
from binrecon.sources.source import BinListing, Source

__all__ = ["BinListing", "LocalSource", "Source"]
