"""Configurations from overrides: those of a verb, and those of the trials of a search space."""

import copy
import re
from collections.abc import Mapping, Sequence
from functools import cache

from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from binrecon.config.compose import compose_config, innermost_reason
from binrecon.config.explain import explain
from binrecon.config.search_space import Choices, Parameter, SearchSpace, Value
from binrecon.config.validate import validate
from binrecon.errors import ConfigError


def write_word(key: str, value: Value) -> str:
    """Write the override that sets a key to a value.

    >>> write_word("optimizer.lr", 1e-05), write_word("data.horizontal_flip", False)
    ('optimizer.lr=1e-05', 'data.horizontal_flip=false')
    """
    if isinstance(value, bool):
        return f"{key}={str(value).lower()}"
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z0-9_.]+", value):
        return f"{key}={QuotedString(value, Quote.single).with_quotes()}"
    return f"{key}={value}"


def write_words(values: Mapping[str, Value]) -> list[str]:
    """Write the overrides that set keys to values: groups first, since they bring their own values."""
    return [write_word(key, values[key]) for key in sorted(values, key=lambda key: ("." in key, key))]


def compose_trial(fixed: Sequence[str], values: Mapping[str, Value]) -> DictConfig:
    """Compose and check the configuration of a trial.

    Args:
        fixed: Words of `train` that every trial has.
        values: The trial's own values.

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
        raise ConfigError(explain("train", words) or [innermost_reason(error)]) from error
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
        raise ConfigError(explain(config_name, words) or error.problems) from error
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
