"""Hydra's sweep syntax as the search space of a sweep."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    QuotedString,
    RangeSweep,
)
from hydra.errors import HydraException

from binrecon.config.compose import innermost_reason
from binrecon.config.problems import parse_word
from binrecon.errors import ConfigError

Value = str | int | float | bool
"""Values that a key can be set to."""

_SPACE = "sweep.space."
"""Prefix of a key of `train` where `--help` shows a search space: the same as the key with several values."""

_HOW = "give for instance interval(0.1, 1), tag(log, interval(1e-5, 1e-1)), range(1, 5) or choice(a, b)"


@dataclass(frozen=True)
class Interval:
    """Every number from `low` to `high`, both included."""

    low: float
    high: float
    is_log: bool = False
    """True if equal ratios are equally likely, instead of equal differences."""
    is_integer: bool = False
    step: float | None = None
    """Distance between neighbours; None where every number counts."""


@dataclass(frozen=True)
class Choices:
    """One of a few values."""

    values: tuple[Value, ...]


Parameter = Interval | Choices
"""Values that a searched key can take."""

SearchSpace = Mapping[str, Parameter]
"""Searched keys and groups of `train`, sorted, to their values."""


class SweepWords(NamedTuple):
    """Parsed command line with a sweep."""

    sweep: tuple[str, ...]
    """Settings of the sweep."""
    fixed: tuple[str, ...]
    """Overrides of `train` with one value."""
    searched: dict[str, str]
    """Keys of `train` to sweeps of values."""


def sort_words(words: Sequence[str]) -> SweepWords:
    """Separate settings of the sweep, fixed overrides and searched keys; of two for a key the last counts.

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
        words: Keys to values in Hydra's sweep syntax.

    Raises:
        ConfigError: With every key whose values are not a sweep, or are empty.

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
    assert isinstance(sweep, ChoiceSweep)  # noqa: S101  # `_parse` has checked
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
