"""The keys of `compare`."""

from dataclasses import dataclass

from binrecon.config.metric_names import RANKING_METRICS
from binrecon.config.options import option
from binrecon.config.schema import MISSING


@dataclass
class CompareConfig:
    """Everything that `compare` needs."""

    runs: list[str] = option(default_factory=list, is_path=True)
    """Run folders, or folders that hold some at any depth; `runs=` may be left out."""
    group_by: list[str] | None = None
    """Keys that tell groups apart, for instance `[model,optimizer.lr]`; null takes all that differ."""
    metric: str = option(choices=RANKING_METRICS)
    """Metric that ranks the groups."""
    allow_mixed: bool = MISSING
    """Allow runs that were evaluated on different bins in one table."""
    resamples: int = option(at_least=100)
    """Draws of the bootstrap."""
    seed: int = option(at_least=0)
    """Seed of the bootstrap."""
    output_root: str = option(is_path=True)
    """Folder that holds the results folders."""
    output_dir: str = option(is_path=True)
    """Folder for the results; what an earlier comparison left there is replaced."""
