"""The keys of `compare`."""

from dataclasses import dataclass, field

from binrecon.config.schema import MISSING
from binrecon.config.schema.paths import PATH


@dataclass
class CompareConfig:
    """Everything that `compare` needs."""

    runs: list[str] = field(default_factory=list, metadata=PATH)
    """Run folders, or folders that hold some at any depth; given as words, without `runs=`."""
    group_by: list[str] | None = None
    """Keys that tell groups apart, for instance `[model,optimizer.lr]`; null takes all that differ."""
    metric: str = MISSING
    """What ranks the groups."""
    allow_mixed: bool = MISSING
    """Whether runs that were judged on different bins may stand in one table."""
    resamples: int = MISSING
    """Draws of the bootstrap."""
    seed: int = MISSING
    """Seed of the bootstrap."""
    output_root: str = field(default=MISSING, metadata=PATH)
    """Folder that holds the results folders."""
    output_dir: str = field(default=MISSING, metadata=PATH)
    """Folder for the results; what an earlier comparison left there is replaced."""
