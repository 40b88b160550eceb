"""The keys of `sweep`."""

from dataclasses import dataclass, field

from binrecon.config.options import option
from binrecon.config.schema import MISSING
from binrecon.config.sweep_words import PRUNER_WORDS, SAMPLER_WORDS


@dataclass
class SweepSettings:
    """No space of its own: every searched key is given as an override."""

    study: str | None = None
    """Name of the study; null makes one from the overrides, such as `head-resnet50-adam`."""
    space: dict[str, str] = field(default_factory=dict)
    """Search space: keys of `train` with Hydra's syntax for several values: `interval`, `choice`."""
    objectives: list[str] = field(default_factory=lambda: ["val/nll"])
    """The validation metrics to optimise, each in its own direction; the first chooses the winner.
    `val/nll` is smoother than accuracy, whose best on few bins is more a matter of luck."""
    sampler: str = option("tpe", choices=SAMPLER_WORDS)
    """Sampler of trials: `tpe`, `random`, `cmaes`, `gp`, `grid`."""
    pruner: str = option("median", choices=PRUNER_WORDS)
    """Pruner that ends hopeless trials early: `median`, `hyperband`, `none`."""
    trials: int | None = option(100, at_least=1)
    """Trials in all, those that failed or were pruned included; null leaves it to `minutes`."""
    minutes: float | None = option(None, above=0)
    """Minutes of work, of all workers together, after which no trial starts; null sets no limit."""
    max_failed_share: float = option(0.5, at_least=0, at_most=1)
    """The study stops when more of its trials than this share have failed, of ten or more."""
    at_once: int = option(10, at_least=1)
    """Heads that are trained side by side; each draw knows only the trials that ended before it."""
    storage: str | None = None
    """Storage of trials: null is a file in the study's folder, or `postgresql://USER@HOST/DATABASE`."""
    seed: int = option(0, at_least=0)
    """Seed of the sampler."""
    final_seeds: int = option(4, at_least=0)
    """Seeds besides the searched one that the winner is trained with at the end, and tested."""


@dataclass
class SweepConfig:
    """Everything that `sweep` needs besides the keys of `train`."""

    sweep: SweepSettings = MISSING  # chosen by a group option
