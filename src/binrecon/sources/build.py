"""The options of `source=` to sources."""

from typing import cast

from binrecon.config.schema import SourceConfig
from binrecon.sources.source import Source


def build_source(config: SourceConfig) -> Source:
    """Build the source that a configuration describes; nothing is read or rendered yet.

    Raises:
        SourceError: If its settings contradict each other.
    """
    return cast(Source, config.build())
