"""The keys of `sweep`."""

from dataclasses import dataclass, field

from binrecon.config.schema import MISSING


@dataclass
class SweepSettings:
    """How a search for hyper-parameters goes."""

    study: str | None = None
    """Name of the study; null makes one of the words, such as `head-resnet50-adam`."""
    space: dict[str, str] = field(default_factory=dict)
    """What is searched: keys of `train` with Hydra's words for several values: `interval`, `choice`."""
    objectives: list[str] = MISSING
    """The validation metrics to make better, each in its own direction; the first chooses the winner."""
    sampler: str = MISSING
    """What draws trials: `tpe`, `random`, `cmaes`, `gp`, `grid`."""
    pruner: str = MISSING
    """What ends hopeless trials early: `median`, `hyperband`, `none`."""
    trials: int | None = MISSING
    """Trials in all, those that failed or were pruned included; null leaves it to `minutes`."""
    minutes: float | None = MISSING
    """Minutes of work, of all workers together, after which no trial begins; null sets no limit."""
    max_failed_share: float = MISSING
    """The study stops when more of its trials than this share have failed, of ten or more."""
    at_once: int = MISSING
    """Heads that are trained side by side; each draw knows only the trials that ended before it."""
    storage: str | None = MISSING
    """Where trials are kept: null is a file in the study's folder, or `postgresql://USER@HOST/DATABASE`."""
    seed: int = MISSING
    """Seed of the sampler."""
    final_seeds: int = MISSING
    """Seeds besides the searched one that the winner is trained with at the end, and tested."""


@dataclass
class SweepConfig:
    """Everything that `sweep` needs besides the words of `train`."""

    sweep: SweepSettings = MISSING  # chosen by a group option
