"""The keys of `show`."""

from dataclasses import dataclass

from binrecon.config.options import option
from binrecon.config.schema import MISSING, SourceConfig


@dataclass
class ShowConfig:
    """Everything that `show` needs."""

    source: SourceConfig = MISSING  # chosen by a group option
    photos: int = option(24, at_least=1)
    """Number of bins to draw, spread evenly over the source."""
    columns: int = option(6, at_least=1)
    """Photos in a row."""
    path: str = option("outputs/bins.png", is_path=True)
    """The PNG to write."""
    lists_dir: str = option(is_path=True)
    """Folder of the lists that others published; they are not part of binrecon."""
    cache_dir: str = option(is_path=True)
    """Cache directory of rendered and fetched bins."""
