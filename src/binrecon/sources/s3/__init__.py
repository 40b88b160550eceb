"""The dataset's bucket, or a copy on any S3 server: listed, fetched, verified, and read from a folder."""

from binrecon.sources.s3.fetch import Fetch, FetchOutcome
from binrecon.sources.s3.source import S3Source

__all__ = ["Fetch", "FetchOutcome", "S3Source"]
