"""Overrides of `reproduce`: its own settings, and overrides of `train` that hold for every run."""

from collections.abc import Sequence
from dataclasses import fields
from typing import NamedTuple

from binrecon.config.problems import parse_word
from binrecon.config.reproduce import ReproduceConfig
from binrecon.config.schema import TrainConfig
from binrecon.config.spelling import did_you_mean
from binrecon.errors import ConfigError

OWN_KEYS = tuple(field.name for field in fields(ReproduceConfig))
"""Keys of the settings."""

_FLAGS = {"--rehearse": "rehearse=true", "--estimate": "estimate=true"}
_TRAIN_KEYS = tuple(field.name for field in fields(TrainConfig))
_BARRED = {
    "experiment": "is the recipe of each row; choose rows=[NAME,...]",
    "resume": "is not needed: the same command resumes where it stopped",
    "hydra": "belongs to a run, not to a reproduction",
}


class SplitOverrides(NamedTuple):
    """A command line, split.

    Attributes:
        own: Settings of `reproduce`.
        train: Overrides of `train`.
    """

    own: tuple[str, ...]
    train: tuple[str, ...]


def split_overrides(overrides: Sequence[str]) -> SplitOverrides:
    """Tell settings of `reproduce` from overrides of `train`.

    Raises:
        ConfigError: With every override that is neither, or cannot hold for all runs.

    >>> split_overrides(["seeds=2", "source.root=DIR", "--rehearse"])
    SplitOverrides(own=('seeds=2', 'rehearse=true'), train=('source.root=DIR',))
    """
    own: list[str] = []
    train: list[str] = []
    problems: list[str] = []
    for override in (_FLAGS.get(text, text) for text in overrides):
        try:
            key = _find_key(override)
        except ConfigError as error:
            problems += error.problems
            continue
        (own if key in OWN_KEYS else train).append(override)
    if problems:
        raise ConfigError(problems)
    return SplitOverrides(tuple(own), tuple(train))


def _find_key(text: str) -> str:
    if text.startswith("-"):
        hint = did_you_mean(text, _FLAGS)
        raise ConfigError([f"{text}: no flag of reproduce; flags are {', '.join(_FLAGS)}{hint}"])
    override = parse_word(text)
    key = override.get_key_element().lstrip("+~")
    top = key.partition(".")[0]
    if top in _BARRED:
        raise ConfigError([f"{key}: {_BARRED[top]}"])
    if "." not in key and key not in (*OWN_KEYS, *_TRAIN_KEYS):
        allowed = (*OWN_KEYS, *_TRAIN_KEYS)
        own = ", ".join(OWN_KEYS)
        raise ConfigError(
            [f"{key}: neither a setting of reproduce ({own}) nor a key of train{did_you_mean(key, allowed)}"]
        )
    if override.is_sweep_override():
        raise ConfigError(
            [f"{key}: has several values, but an override holds for every run; give one of them"]
        )
    return key
