"""Cached features of a frozen backbone."""

from dataclasses import dataclass

from binrecon.config.engine_words import DTYPE_WORDS, ENGINE_WORDS, PRECISION_WORDS
from binrecon.config.options import option


@dataclass
class KeptFeaturesConfig:
    """A frozen backbone sees each view of a photo once, ever; a trained one sees photos in every epoch."""

    name: str = option("auto", choices=("auto", "live", "cached"))
    """`auto` keeps them where it can, `cached` insists, `live` never does; set by the group option."""
    engine: str = option("auto", choices=ENGINE_WORDS)
    """Engine of the backbone: `torch`, `openvino` (on the CPU), or `auto`: OpenVINO where it is installed."""
    precision: str = option("auto", choices=PRECISION_WORDS)
    """Its number format: `float32`, `bfloat16`, `int8` (OpenVINO); `auto`: bfloat16 where hardware has it."""
    dtype: str = option("float16", choices=DTYPE_WORDS)
    """Number format of cached features: `float16` (half the space and reading) or `float32`."""
