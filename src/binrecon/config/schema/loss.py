"""What training minimises."""

from dataclasses import dataclass

from binrecon.config.schema.missing import MISSING


@dataclass
class LossConfig:
    """What training minimises."""

    name: str = MISSING
    """Which loss this is; set by the group option, not by hand."""


@dataclass
class CrossEntropyConfig(LossConfig):
    """Cross entropy with the recorded count."""

    name: str = "cross_entropy"
    label_smoothing: float = MISSING
    """Share of each label that is spread evenly over all counts (arXiv:1512.00567)."""


@dataclass
class SoftLabelsConfig(LossConfig):
    """Cross entropy mixed with a multi-label loss, for which a count beside the recorded one is right too."""

    name: str = "soft_labels"
    soft_weight: float = MISSING
    """Share of the multi-label loss: 0 is cross entropy alone, 1 the multi-label loss alone."""


@dataclass
class CumulativeConfig(LossConfig):
    """Binary cross entropy of "more than k items" for every k: a count farther off costs more."""

    name: str = "cumulative"


@dataclass
class CornConfig(LossConfig):
    """Binary cross entropy of "more than k items, if at least k" for every k: goes with head=corn."""

    name: str = "corn"
