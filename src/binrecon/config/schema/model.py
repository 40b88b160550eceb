"""The backbone, and what `model.weights` may say."""

from dataclasses import dataclass

from binrecon.config.options import MISSING, option
from binrecon.config.pooling_words import POOLING_WORDS

IMAGENET = "imagenet"
RANDOM = "random"
WEIGHT_WORDS = (IMAGENET, RANDOM)
"""Values of `model.weights` besides a path."""


@dataclass
class ModelConfig:
    """Any timm backbone by its name: model=timm model.backbone=convnext_tiny.fb_in1k."""

    backbone: str = MISSING
    """Name of a timm model, with the tag of its weights where it has several: `resnet50.tv_in1k`."""
    weights: str = option("imagenet", is_path=True)
    """`imagenet`, `random`, or the path of a state dict of the backbone (.pth, .pt, .safetensors)."""
    pooling: str = option("average", choices=POOLING_WORDS)
    """Pooling of its feature maps: `average` of the last ones, `concat` of their averages and largest
    values, `stages`: averages, largest values and standard deviations of those of every stage, or `grid`: the
    same of all stages but the last, and averages over a 3 x 3 grid."""
