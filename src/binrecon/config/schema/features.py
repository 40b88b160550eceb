"""Whether the features of a frozen backbone are kept, and how."""

from dataclasses import dataclass

from binrecon.config.schema.missing import MISSING


@dataclass
class KeptFeaturesConfig:
    """Whether a frozen backbone's features are computed once and kept, and how."""

    name: str = MISSING
    """`auto` keeps them where it can, `cached` insists, `live` never does; set by the group option."""
    engine: str = MISSING
    """What runs the backbone: `torch`, `openvino` (on the CPU), or `auto`: OpenVINO where it is installed."""
    precision: str = MISSING
    """Its number format: `float32`, `bfloat16`, `int8` (OpenVINO); `auto`: bfloat16 where hardware has it."""
    dtype: str = MISSING
    """What features are kept in: `float16` (half the space and reading) or `float32`."""
