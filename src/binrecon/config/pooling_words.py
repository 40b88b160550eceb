"""The words of `model.pooling`."""

from typing import Literal, get_args

Pooling = Literal["average", "concat", "stages", "grid"]
"""Options of `model.pooling`."""

POOLING_WORDS: tuple[Pooling, ...] = get_args(Pooling)
