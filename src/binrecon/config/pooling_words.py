"""The words of `model.pooling`."""

from typing import Literal, get_args

Pooling = Literal["average", "concat", "stages", "grid"]
"""What a backbone keeps of its feature maps."""

POOLING_WORDS: tuple[Pooling, ...] = get_args(Pooling)
