"""The keys of the verb `features`; those of the group are in `schema/features.py`."""

from dataclasses import dataclass

from binrecon.config.options import option


@dataclass
class FeaturesConfig:
    """Everything that `features` needs."""

    action: str = option(choices=("ls", "verify", "prune"))
    """`ls` lists what is cached, `verify` compares every file with what was written, `prune` removes what
    nobody uses."""
    unused_days: float = option(at_least=0)
    """Days without use by a run after which `prune` removes features, counts and file stats."""
    cache_dir: str = option(is_path=True)
    """Cache directory, with `features/`, `counts/` and `facts/` below it."""
