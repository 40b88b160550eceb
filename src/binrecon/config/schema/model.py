"""The backbone, and what `model.weights` may say."""

from dataclasses import dataclass, field

from binrecon.config.schema.missing import MISSING
from binrecon.config.schema.paths import PATH

IMAGENET = "imagenet"
RANDOM = "random"
WEIGHT_WORDS = (IMAGENET, RANDOM)
"""What `model.weights` may be besides a path."""


@dataclass
class ModelConfig:
    """The backbone, from photos to features."""

    backbone: str = MISSING
    """Name of a timm model, with the tag of its weights where it has several: `resnet50.tv_in1k`."""
    weights: str = field(default="imagenet", metadata=PATH)
    """`imagenet`, `random`, or the path of a state dict of the backbone (.pth, .pt, .safetensors)."""
    pooling: str = MISSING
    """What is kept of its feature maps: `average` of the last ones, `concat` of their averages and largest
    values, `stages`: averages, largest values and standard deviations of those of every stage, or `grid`: the
    same of all stages but the last, and averages over a 3 x 3 grid."""
