"""Values of `sweep.sampler` and `sweep.pruner`."""

from typing import Literal, get_args

Sampler = Literal["tpe", "random", "cmaes", "gp", "grid"]
"""Samplers of trials."""

Pruner = Literal["median", "hyperband", "none"]
"""Pruners, which end hopeless trials."""

SAMPLER_WORDS: tuple[str, ...] = get_args(Sampler)
PRUNER_WORDS: tuple[str, ...] = get_args(Pruner)
