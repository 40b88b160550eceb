"""The options of `source=` to sources."""

from pathlib import Path

from binrecon.config.schema import AbidSourceConfig, LocalSourceConfig, SourceConfig, SyntheticSourceConfig
from binrecon.sources.local import LocalSource
from binrecon.sources.source import Source


def build_source(config: SourceConfig) -> Source:
    """Build the source that a configuration describes; nothing is read or rendered yet.

    Raises:
        SourceError: If its settings contradict each other.
    """
    root = Path(config.root).expanduser()
    match config:
        case LocalSourceConfig():
            return LocalSource(root)
        case AbidSourceConfig():
            from binrecon.sources.s3 import S3Source

            return S3Source(config)
        case SyntheticSourceConfig():
            from binrecon.sources.synthetic import SyntheticSource

            return SyntheticSource(
                root,
                config.bin_count,
                config.seed,
                config.largest_count,
                config.pair_fraction,
                config.faults,
            )
    raise TypeError(f"no source is built from {type(config).__name__}")
