"""The words of `sweep.sampler` and `sweep.pruner`."""

from typing import Literal, get_args

Sampler = Literal["tpe", "random", "cmaes", "gp", "grid"]
"""What draws trials."""

Pruner = Literal["median", "hyperband", "none"]
"""What ends hopeless trials."""

SAMPLER_WORDS: tuple[str, ...] = get_args(Sampler)
PRUNER_WORDS: tuple[str, ...] = get_args(Pruner)
