"""Checks of the options of an S3 source."""

import re
from collections.abc import Iterator

from omegaconf import DictConfig, OmegaConf

from binrecon.config.subset_words import FETCHED, parse_subset


def check_bucket(config: DictConfig) -> Iterator[str]:
    """Check the options of an S3 source."""
    source, subset = OmegaConf.select(config, "source"), OmegaConf.select(config, "subset")
    if source is None:
        return
    if "bucket" not in source:
        if subset is not None:
            yield f"source: fetch brings bins from S3, not from source={source.name}; use source=abid"
        return
    key, words = ("source.subset", source.subset) if subset is None else ("subset", subset)
    try:
        parsed = parse_subset(words)
    except ValueError as error:
        yield f"{key}: {error}"
    else:
        if parsed.word == FETCHED and subset is not None:
            yield f"subset: '{FETCHED}' is there already; say what to fetch, for instance sample:500"
    if source.endpoint_url is not None and not re.fullmatch(r"https?://[^/?#\s]+/?", source.endpoint_url):
        yield (
            f"source.endpoint_url: '{source.endpoint_url}' is no address of a server; "
            "give for instance http://127.0.0.1:8333, or null for Amazon's"
        )
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", source.bucket):
        yield f"source.bucket: '{source.bucket}' is no name of a bucket: 3 to 63 of a-z, 0-9, '.' and '-'"
    if source.prefix != source.prefix.strip("/") or ".." in source.prefix:
        yield f"source.prefix: '{source.prefix}' must not begin or end with '/', nor hold '..'"
