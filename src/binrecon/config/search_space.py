"""Hydra's words for several values, as the search space of a sweep."""

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    Quote,
    QuotedString,
    RangeSweep,
)
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from binrecon.config.compose import compose_config, innermost_reason
from binrecon.config.problems import find_problems, parse_word
from binrecon.config.validate import validate
from binrecon.errors import ConfigError

Value = str | int | float | bool
"""What a key can be set to."""

_SPACE = "sweep.space."
"""Before a key of `train`, as `--help` shows a search space: the same as the key with several values."""

_HOW = "give for instance interval(0.1, 1), tag(log, interval(1e-5, 1e-1)), range(1, 5) or choice(a, b)"


@dataclass(frozen=True)
class Interval:
    """Every number from `low` to `high`, both included."""

    low: float
    high: float
    is_log: bool = False
    """Whether equal ratios are equally likely, instead of equal differences."""
    is_integer: bool = False
    step: float | None = None
    """Distance between neighbours; None where every number counts."""


@dataclass(frozen=True)
class Choices:
    """One of a few values."""

    values: tuple[Value, ...]


Parameter = Interval | Choices
"""What values a searched key can take."""

SearchSpace = Mapping[str, Parameter]
"""Searched keys and groups of `train`, sorted, to their values."""


class SweepWords(NamedTuple):
    """What a command line with a sweep says."""

    sweep: tuple[str, ...]
    """Settings of the sweep."""
    fixed: tuple[str, ...]
    """Words of `train` with one value."""
    searched: dict[str, str]
    """Keys of `train` to words for several values."""


def sort_words(words: Sequence[str]) -> SweepWords:
    """Tell settings of the sweep, fixed words and searched keys apart; of two for a key the last counts.

    Raises:
        ConfigError: If a word is not `KEY=VALUE`.

    >>> sort_words(["sweep.trials=5", "model=resnet18", "optimizer=sgd,adam"])
    SweepWords(sweep=('sweep.trials=5',), fixed=('model=resnet18',), searched={'optimizer': 'sgd,adam'})
    """
    sweep: list[str] = []
    problems: list[str] = []
    fixed: dict[str, str] = {}
    searched: dict[str, str] = {}
    for word in words:
        try:
            override = parse_word(word)
        except ConfigError as error:
            problems += error.problems
            continue
        key = override.get_key_element().lstrip("+~").removeprefix(_SPACE)
        if override.get_key_element().lstrip("+").startswith(_SPACE):
            value = override.value()
            searched[key] = value if isinstance(value, str) else word.partition("=")[2]
            fixed.pop(key, None)
        elif key == "sweep" or key.startswith("sweep."):
            sweep.append(word)
        elif override.is_sweep_override():
            searched[key] = word.partition("=")[2]
            fixed.pop(key, None)
        else:
            fixed[key] = word
            searched.pop(key, None)
    if problems:
        raise ConfigError(problems)
    return SweepWords(tuple(sweep), tuple(fixed.values()), searched)


def build_space(words: Mapping[str, str]) -> SearchSpace:
    """Read a search space.

    Args:
        words: Keys to Hydra's words for several values.

    Raises:
        ConfigError: With every key whose words are none, or hold no value to choose.

    >>> build_space({"optimizer.lr": "tag(log, interval(1e-4, 1))"})["optimizer.lr"]
    Interval(low=0.0001, high=1.0, is_log=True, is_integer=False, step=None)
    """
    space, problems = {}, []
    for key in sorted(words):
        try:
            space[key] = _parse(key, words[key])
        except ValueError as error:
            problems.append(f"sweep.space.{key}: {error}")
    if problems:
        raise ConfigError(problems)
    return space


def _parse(key: str, word: str) -> Parameter:
    try:
        override = OverridesParser.create().parse_override(f"{key}={word}")
    except HydraException as error:
        raise ValueError(f"'{word}' is not understood ({innermost_reason(error)}); {_HOW}") from error
    match override.value():
        case IntervalSweep() as interval:
            return _interval(interval, word)
        case RangeSweep() as steps:
            return _range(steps, word)
        case ChoiceSweep():
            return _choices(override, word)
    raise ValueError(f"'{word}' is one value, and a search needs several; {_HOW}")


def _interval(sweep: IntervalSweep, word: str) -> Interval:
    low, high = sweep.start, sweep.end
    if low is None or high is None or not low < high:
        raise ValueError(f"'{word}' is empty; the first number must be less than the second")
    is_log = _is_log(sweep.tags, word)
    if is_log and low <= 0:
        raise ValueError(f"'{word}' has a log scale, which begins above 0; got {low}")
    return Interval(low, high, is_log, isinstance(low, int) and isinstance(high, int))


def _range(sweep: RangeSweep, word: str) -> Interval:
    _is_log(sweep.tags, word)
    if "log" in sweep.tags:
        raise ValueError(f"'{word}' cannot have a log scale, since it has steps; use tag(log, interval(…))")
    start, stop, step = sweep.start, sweep.stop, sweep.step
    if start is None or stop is None or step <= 0 or not start < stop:
        raise ValueError(f"'{word}' is empty; give range(START, STOP, STEP) with START below STOP")
    count = -(-(stop - start) // step)  # as Python's range, STOP itself is left out
    is_integer = all(isinstance(number, int) for number in (start, stop, step))
    return Interval(start, start + (count - 1) * step, is_integer=is_integer, step=step)


def _choices(override: Override, word: str) -> Choices:
    sweep = override.value()
    assert isinstance(sweep, ChoiceSweep)  # noqa: S101  # `_parse` has looked
    _is_log(sweep.tags, word)
    values = tuple(value.text if isinstance(value, QuotedString) else value for value in sweep.list)
    if any(not isinstance(value, str | int | float | bool) for value in values):
        raise ValueError(f"'{word}' holds a list or a dictionary; give plain values")
    if len(set(values)) < len(values) or len(values) < 2:
        raise ValueError(f"'{word}' needs two different values at least, each of them once")
    return Choices(values)  # type: ignore[arg-type]  # plain, as just checked


def _is_log(tags: Iterable[str], word: str) -> bool:
    if unknown := sorted(set(tags) - {"log"}):
        raise ValueError(f"'{word}' has the tag '{unknown[0]}'; the only one is log")
    return "log" in tags


def write_word(key: str, value: Value) -> str:
    """Write what sets a key to a value, for Hydra to read.

    >>> write_word("optimizer.lr", 1e-05), write_word("data.horizontal_flip", False)
    ('optimizer.lr=1e-05', 'data.horizontal_flip=false')
    """
    if isinstance(value, bool):
        return f"{key}={str(value).lower()}"
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z0-9_.]+", value):
        return f"{key}={QuotedString(value, Quote.single).with_quotes()}"
    return f"{key}={value}"


def write_words(values: Mapping[str, Value]) -> list[str]:
    """Write what sets keys to values: groups first, since they bring their own values."""
    return [write_word(key, values[key]) for key in sorted(values, key=lambda key: ("." in key, key))]


def compose_trial(fixed: Sequence[str], values: Mapping[str, Value]) -> DictConfig:
    """Compose and check the configuration of a trial.

    Args:
        fixed: Words of `train` that every trial has.
        values: What the trial has besides.

    Raises:
        ConfigError: With every problem.
    """
    groups = {key: value for key, value in values.items() if "." not in key}
    try:
        config = copy.deepcopy(_compose((*fixed, *write_words(groups))))
        for key in values.keys() - groups.keys():
            OmegaConf.update(config, key, values[key])
    except (ConfigError, OmegaConfBaseException) as error:
        words = [*fixed, *write_words(values)]
        raise ConfigError(find_problems("train", words) or [innermost_reason(error)]) from error
    validate(config)
    return config


def compose_checked(config_name: str, words: Sequence[str]) -> DictConfig:
    """Compose and check the configuration of a verb.

    Raises:
        ConfigError: With every problem.
    """
    try:
        config = compose_config(config_name, words)
    except ConfigError as error:
        raise ConfigError(find_problems(config_name, words) or error.problems) from error
    validate(config)
    return config


@cache  # composing takes a tenth of a second, and trials differ in their groups rarely
def _compose(words: tuple[str, ...]) -> DictConfig:
    return compose_config("train", words)


def check_space(fixed: Sequence[str], space: SearchSpace) -> None:
    """Compose trials at the bounds of a space, and with every choice.

    Args:
        fixed: Words of `train` that every trial has.
        space: What is searched.

    Raises:
        ConfigError: With every problem of all of these trials.
    """
    first = {key: _bounds(parameter)[0] for key, parameter in space.items()}
    trials = [first] + [
        {**first, key: bound} for key, parameter in space.items() for bound in _bounds(parameter)[1:]
    ]
    problems: dict[str, None] = {}
    for values in trials:
        try:
            compose_trial(fixed, values)
        except ConfigError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise ConfigError(problems)


def _bounds(parameter: Parameter) -> tuple[Value, ...]:
    if isinstance(parameter, Choices):
        return parameter.values
    kind = int if parameter.is_integer else float
    return kind(parameter.low), kind(parameter.high)
