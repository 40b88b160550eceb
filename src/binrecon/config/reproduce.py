"""The keys of `reproduce`."""

from dataclasses import dataclass

from binrecon.config.options import option
from binrecon.config.schema import MISSING


@dataclass
class ReproduceConfig:
    """Everything that `reproduce` needs besides the keys of `train`."""

    rows: list[str] | None = None
    """Rows of the table, for instance `[resnet18_sgd,resnet34_sgdr]`; null is all of them."""
    seeds: int = option(at_least=1)
    """Runs of each row, with seeds from `seed` on."""
    rehearse: bool = MISSING
    """Cut every phase to one epoch, on photos no larger than data.image_size (`--rehearse`)."""
    estimate: bool = MISSING
    """Time some steps of each row instead, and print how long all would take (`--estimate`)."""
    estimate_s: float = option(above=0)
    """Seconds for which each row is timed."""
