"""Samplers and pruners of a study."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, GridSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from binrecon.config.search_space import Choices, Parameter, SearchSpace
from binrecon.config.sweep_words import Pruner, Sampler
from binrecon.errors import ConfigError
from binrecon.sweep.positions import renumber

GRID_LIMIT = 10_000
"""Maximum number of combinations of a grid."""


def build_distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """Build Optuna's distributions, by key."""
    return {key: _build_distribution(parameter) for key, parameter in space.items()}


def _build_distribution(parameter: Parameter) -> BaseDistribution:
    if isinstance(parameter, Choices):
        return CategoricalDistribution(parameter.values)
    low, high, step = parameter.low, parameter.high, parameter.step
    if parameter.is_integer:
        return IntDistribution(
            int(low), int(high), log=parameter.is_log, step=1 if step is None else int(step)
        )
    return FloatDistribution(low, high, log=parameter.is_log, step=step)


def list_grid(space: SearchSpace) -> dict[str, list[Any]]:
    """List the values of each key in a grid.

    Raises:
        ConfigError: If a key has infinitely many, or the grid has more than `GRID_LIMIT` combinations.
    """
    problems, grid, combinations = [], {}, 1
    for key, parameter in space.items():
        if isinstance(parameter, Choices):
            grid[key] = list(parameter.values)
        elif parameter.step is None and not parameter.is_integer:
            problems.append(
                f"sweep.sampler: a grid needs values to list, and {key} is an interval; "
                "give choice(…) or range(START, STOP, STEP), or another sampler"
            )
            continue
        else:
            step = parameter.step or 1
            count = round((parameter.high - parameter.low) / step) + 1
            kind = int if parameter.is_integer else float
            grid[key] = [kind(parameter.low + place * step) for place in range(min(count, GRID_LIMIT + 1))]
        combinations *= len(grid[key])
    if combinations > GRID_LIMIT:
        problems.append(
            f"sweep.sampler: this grid has more than {GRID_LIMIT} combinations; use tpe or random"
        )
    if problems:
        raise ConfigError(problems)
    return grid


class NumberedSampler(BaseSampler):
    """A sampler that is reseeded by the position of each trial.

    What a trial draws depends on the seed, its position and the trials before it: not on how often the study
    was stopped, nor on which worker asks. (One that keeps its seed draws the same again in a resumed study.)

    Args:
        word: Name of the sampler.
        seed: Seed of the study.
        space: The search space.
    """

    def __init__(self, word: Sampler, seed: int, space: SearchSpace) -> None:
        self._word = word
        self._seed = seed
        self._keys = tuple(space)
        self._grid = list_grid(space) if word == "grid" else {}
        self._inner = self._build(0)

    def _build(self, number: int) -> BaseSampler:
        seed = int.from_bytes(hashlib.sha256(f"{self._seed}/{number}".encode()).digest()[:4], "big")
        match self._word:
            case "tpe":
                return TPESampler(seed=seed, constant_liar=True)
            case "random":
                return RandomSampler(seed=seed)
            case "cmaes":
                return CmaEsSampler(seed=seed, warn_independent_sampling=False)
            case "gp":
                return GPSampler(seed=seed, deterministic_objective=False)
            case "grid":
                return GridSampler(self._grid, seed=self._seed)  # the order of the grid, one for all trials

    @property
    def grid_size(self) -> int | None:
        """Combinations of a grid; None if there are infinitely many."""
        return math.prod(map(len, self._grid.values())) if self._word == "grid" else None

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Reseed from the trial's position."""
        trials = study.get_trials(deepcopy=False)
        (numbered,) = renumber(trials, [trial], self._keys)  # a grid is gone through by number
        self._inner = self._build(numbered.number)
        self._inner.before_trial(study, numbered)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the keys that are drawn together."""
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw keys together."""
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:  # noqa: ANN401  # a value of any type
        """Draw one key."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Notify the sampler, except a grid's, which would stop Optuna's own loop."""
        if not isinstance(self._inner, GridSampler):
            self._inner.after_trial(study, trial, state, values)


def build_pruner(word: Pruner, max_epochs: int) -> BasePruner:
    """Build the pruner.

    Args:
        word: `median` ends a trial whose value is worse than the median of earlier trials at the same epoch
            (Golovin et al. 2017, Vizier), once five have ended; `hyperband` gives most trials few
            epochs and few trials all of them (Li et al. 2018, arXiv:1603.06560).
        max_epochs: Epochs of a whole trial.
    """
    builders: Mapping[Pruner, Any] = {
        "median": lambda: MedianPruner(n_startup_trials=5, n_warmup_steps=min(3, max_epochs // 4)),
        "hyperband": lambda: HyperbandPruner(min_resource=1, max_resource=max_epochs, reduction_factor=3),
        "none": NopPruner,
    }
    pruner: BasePruner = builders[word]()
    return pruner


def quieten_optuna() -> None:
    """Silence Optuna's own messages."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
