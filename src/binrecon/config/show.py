"""The keys of `show`."""

from dataclasses import dataclass, field

from binrecon.config.schema import MISSING, SourceConfig
from binrecon.config.schema.paths import PATH


@dataclass
class ShowConfig:
    """Everything that `show` needs."""

    source: SourceConfig = MISSING  # chosen by a group option
    photos: int = 24
    """How many bins to draw, spread evenly over the source."""
    columns: int = 6
    """Photos in a row."""
    path: str = field(default="outputs/bins.png", metadata=PATH)
    """The PNG to write."""
    lists_dir: str = field(default=MISSING, metadata=PATH)
    """Folder of the lists that others published; they are not part of binrecon."""
    cache_dir: str = field(default=MISSING, metadata=PATH)
    """Folder for what can be made again: rendered and fetched bins."""
