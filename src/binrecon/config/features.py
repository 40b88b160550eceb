"""The keys of the verb `features`; those of the group are in `schema/features.py`."""

from dataclasses import dataclass, field

from binrecon.config.schema import MISSING
from binrecon.config.schema.paths import PATH


@dataclass
class FeaturesConfig:
    """Everything that `features` needs."""

    action: str = MISSING
    """`ls` lists what is cached, `verify` compares every file with what was written, `prune` removes what
    nobody uses."""
    unused_days: float = MISSING
    """What `prune` removes: features, counts and file facts that no run has used for so long, in days."""
    cache_dir: str = field(default=MISSING, metadata=PATH)
    """Folder for what can be made again: `features/`, `counts/` and `facts/` below it."""
