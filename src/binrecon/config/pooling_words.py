"""Values of `model.pooling`."""

from typing import Literal, get_args

Pooling = Literal["average", "concat", "stages", "grid"]
"""Ways to pool the feature maps of a backbone."""

POOLING_WORDS: tuple[Pooling, ...] = get_args(Pooling)
