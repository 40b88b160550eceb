"""The keys of the verb `features`; those of the group are in `schema/features.py`."""

from dataclasses import dataclass

from binrecon.config.options import option


@dataclass
class FeaturesConfig:
    """Everything that `features` needs."""

    action: str = option(choices=("ls", "verify", "prune"))
    """`ls` lists the stores, `verify` checks their bytes, `prune` removes those that nobody uses."""
    unused_days: float = option(at_least=0)
    """What `prune` removes: stores that no run has used for so long, in days."""
    cache_dir: str = option(is_path=True)
    """Folder for what can be made again; the features are in its `features/`."""
