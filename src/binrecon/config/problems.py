"""Problems of a command line that Hydra refuses: all of them, with what is allowed instead."""

import copy
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, NamedTuple

# `compose` takes a third of a second each time
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from binrecon.config.compose import (
    RECIPES,
    compose_config,
    has_option,
    innermost_reason,
    list_groups,
    list_names,
    list_options,
    read_recipe,
)
from binrecon.config.home import quote_value
from binrecon.config.path_keys import list_path_keys
from binrecon.config.renamed import RENAMED, explain_renamed, explain_unknown_key
from binrecon.config.spelling import closest, did_you_mean
from binrecon.errors import ConfigError


def parse_word(text: str) -> Override:
    """Parse an override of the command line.

    Raises:
        ConfigError: If it is not `KEY=VALUE`, in the spelling of Hydra.
    """
    try:
        return OverridesParser.create().parse_override(text)
    except HydraException as error:
        raise ConfigError([_explain_spelling(text, innermost_reason(error))]) from error


def _explain_spelling(text: str, reason: str) -> str:
    key, equals, value = text.partition("=")
    if not (equals and value):
        return f"{text}: not KEY=VALUE ({reason})"
    quoted = '"' + value.replace('"', '\\"') + '"'
    odd = re.fullmatch(r"LexerNoViableAltException\('(.*)'\)", reason, re.DOTALL)
    because = f" ({odd[1]} stands in it)" if odd else "" if reason == "None" else f" ({reason})"
    return (
        f"{key}: the value {value} cannot be read{because}; letters beyond ASCII, brackets, = and the like "
        f"want quotes that reach Hydra: {shlex.quote(f'{key}={quoted}')}"
    )


def explain_comma(key: str, values: str) -> str:
    r"""Explain how to type one path that holds a comma, where several values were read; empty for other keys.

    Args:
        key: Dotted, of the key that has several values.
        values: The text after its `=`.

    >>> explain_comma("output_root", "a,b")
    '; for one path with a comma in it, type \'output_root="a,b"\''
    """
    if key not in list_path_keys():
        return ""
    try:
        parts = OverridesParser.create().parse_override(f"{key}=[{values}]").value()
    except HydraException:
        parts = [values]
    path = ",".join(map(str, parts if isinstance(parts, list) else [values]))
    word = f'{key}="{path}"' if re.fullmatch(r"[^\"\\\\]+", path) else f"{key}={quote_value(path)}"
    return f"; for one path with a comma in it, type {shlex.quote(word)}"


class CheckedOverrides(NamedTuple):
    """Overrides, told apart by whether they can be composed.

    Attributes:
        problems: A line for each thing that is wrong.
        sound: Those that compose together, with one value each; of a mistyped option the closest one.
        doubtful: Keys and groups of the others.
    """

    problems: list[str]
    sound: list[str]
    doubtful: list[str]


def find_problems(config_name: str, overrides: Sequence[str], is_multirun: bool = False) -> list[str]:
    """Find every override that cannot be composed, with the reason; Hydra itself stops at the first.

    Args:
        config_name: The verb's file in `configs/`, without suffix.
        overrides: As typed, without Hydra's own flags.
        is_multirun: Whether a key may have several values.
    """
    return check_overrides(config_name, overrides, is_multirun).problems


def check_overrides(
    config_name: str, overrides: Sequence[str], is_multirun: bool = False
) -> CheckedOverrides:
    """Tell overrides that can be composed from those that cannot; arguments as for `find_problems`."""
    found = CheckedOverrides([], [], [])
    choices: list[list[str]] = []
    values: list[Override] = []
    for text in overrides:
        try:
            override = parse_word(text)
        except ConfigError as error:
            found.problems.extend(error.problems)
            found.doubtful.append(text.partition("=")[0].lstrip("+~"))
            continue
        found.problems.extend(_several_values(config_name, override, is_multirun))
        if override.is_interval_sweep():
            found.doubtful.append(override.key_or_group)
        elif override.key_or_group in list_groups() and not override.is_delete():
            choices += _check_options(override, found)
        else:
            values.append(override)
    found.sound.extend(words[0] for words in choices)
    try:
        _compose_once(config_name, tuple(found.sound))
    except ConfigError as error:
        choices = _set_recipes_aside(config_name, choices, found, error)
    for value in values:
        _check_value(config_name, choices, value, found)
    return found


def _check_options(override: Override, found: CheckedOverrides) -> list[list[str]]:
    """Return the overrides that choose an option of a group, for composing; none if it cannot be guessed."""
    if not (wrong := list(_wrong_options(override))):
        return [_list_words(override)]
    found.problems.extend(wrong)
    close = closest(str(override.value()), list_options(override.key_or_group))
    if close is not None:
        return [[f"{override.key_or_group}={close}"]]
    found.doubtful.append(override.key_or_group)
    return []


def _check_value(
    config_name: str, choices: Sequence[Sequence[str]], override: Override, found: CheckedOverrides
) -> None:
    """Try a value; one of a group whose option is not known is left until it is."""
    top = override.key_or_group.partition(".")[0]
    if top in found.doubtful and not any(words[0].startswith(f"{top}=") for words in choices):
        return
    if wrong := list(_wrong_values(config_name, choices, override)):
        found.problems.extend(wrong)
        found.doubtful.append(override.key_or_group)
    else:
        found.sound.append(_list_words(override)[0])


def _set_recipes_aside(
    config_name: str, choices: list[list[str]], found: CheckedOverrides, error: ConfigError
) -> list[list[str]]:
    """Find the keys of a recipe that do not go with the other options, and continue without it.

    Returns:
        The overrides that choose an option of a group, with those of the recipe in its place.
    """
    first = [words[0] for words in choices]
    names = [
        name for word in first if word.startswith(f"{RECIPES}=") for name in list_names(parse_word(word))
    ]
    others = [words for words in choices if not words[0].startswith(f"{RECIPES}=")]
    found.sound.clear()
    for name in names:
        recipe = read_recipe(name)
        chosen = [[f"{group}={option}"] for group, option in _list_defaults(recipe)]
        others = [*chosen, *others]
        found.doubtful.extend(key for key in recipe if key != "defaults")
        found.problems.extend(_wrong_keys(config_name, [words[0] for words in others], name, recipe))
    if not names:
        found.problems.extend(error.problems)
        found.doubtful.extend(list_groups())
        return []
    found.sound.extend(words[0] for words in others)
    return others


def _list_defaults(recipe: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for entry in recipe.get("defaults", ()):
        if isinstance(entry, str) and entry.startswith(f"/{RECIPES}/"):
            yield from _list_defaults(read_recipe(entry.removeprefix(f"/{RECIPES}/")))
        elif isinstance(entry, Mapping):
            yield from ((key.removeprefix("override /"), str(option)) for key, option in entry.items())


def _wrong_keys(
    config_name: str, choices: Sequence[str], name: str, recipe: Mapping[str, Any]
) -> Iterator[str]:
    """Try every key of a recipe by itself."""
    try:
        base = _compose_once(config_name, tuple(choices))
    except ConfigError as error:
        yield from error.problems
        return
    for key, value in _flatten(recipe):
        config = copy.deepcopy(base)
        try:
            OmegaConf.update(config, key, value)
        except OmegaConfBaseException as error:
            yield f"{RECIPES}={name}: {key}: {innermost_reason(error)}"


def _flatten(recipe: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in recipe.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        elif prefix or key != "defaults":
            yield f"{prefix}{key}", value


def _several_values(config_name: str, override: Override, is_multirun: bool) -> Iterator[str]:
    if not override.is_sweep_override():
        return
    key, words = override.get_key_element(), (override.input_line or "").partition("=")[2]
    if config_name == "sweep":
        yield f"{key}: takes one value, got {words}{explain_comma(key, words)}"
    elif override.is_interval_sweep():
        yield f"{key}: no end of values lies in {words}; search it with binrecon sweep, or list some"
    elif not is_multirun:
        yield (
            f"{key}: got several values, {words}; run one after another with --multirun (-m), or give one"
            f"{explain_comma(key, words)}"
        )


def _list_words(override: Override) -> list[str]:
    """Write an override once for each of its values."""
    if not override.is_sweep_override():
        return [override.input_line or ""]
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]


def _wrong_options(override: Override) -> Iterator[str]:
    group = override.key_or_group
    allowed = list_options(group)
    for word in list_names(override):
        if not has_option(group, word):
            hint = did_you_mean(word, allowed)
            yield f"{group}={word}: no such option; allowed are {', '.join(allowed)}{hint}"


def _wrong_values(config_name: str, choices: Sequence[Sequence[str]], override: Override) -> Iterator[str]:
    """Try every value with the first option of each group, and then every other option once."""
    firsts = [words[0] for words in choices]
    problems = [
        p for word in _list_words(override) for p in _wrong_value(config_name, firsts, override, word)
    ]
    if problems:
        yield from dict.fromkeys(problems)
        return
    for place, words in enumerate(choices):
        for other in words[1:]:
            chosen = [*firsts[:place], other, *firsts[place + 1 :]]
            for problem in _wrong_value(config_name, chosen, override, _list_words(override)[0]):
                key, _, reason = problem.partition(": ")
                yield f"{key}: with {other}, {reason}"


def _wrong_value(config_name: str, choices: Sequence[str], override: Override, word: str) -> Iterator[str]:
    try:
        base = _compose_once(config_name, tuple(choices))
    except ConfigError as error:
        yield f"{override.key_or_group}: {error.problems[0]}"
        return
    try:
        _apply(config_name, choices, override, word)
    except ConfigError as error:
        key = override.key_or_group
        if key in RENAMED:
            yield explain_renamed(key)
            return
        if key.startswith("hydra."):
            yield f"{key}: {error.problems[0]}"
            return
        node_key, _, leaf = key.rpartition(".")
        node = OmegaConf.select(base, node_key) if node_key else base
        if isinstance(node, DictConfig) and leaf in node:
            yield f"{key}: {error.problems[0]}"
            return
        while not isinstance(node, DictConfig):
            node_key, _, leaf = node_key.rpartition(".")
            node = OmegaConf.select(base, node_key) if node_key else base
        known = [str(name) for name in node if name != "name"]
        if known:
            yield f"{key}: unknown key; allowed are {', '.join(known)}{did_you_mean(leaf, known)}"
        else:
            yield f"{key}: unknown key; {node_key}={node.get('name')} has none"


@lru_cache(maxsize=16)  # composing takes a tenth of a second, and every value is tried with the same options
def _compose_once(config_name: str, choices: tuple[str, ...]) -> DictConfig:
    return compose_config(config_name, choices)


def _apply(config_name: str, choices: Sequence[str], override: Override, word: str) -> None:
    """Lay a value over a composed configuration as Hydra does.

    Raises:
        ConfigError: If it cannot be.
    """
    if override.key_or_group.partition(".")[0] == "hydra":  # a composed configuration has no such keys
        compose_config(config_name, [*choices, word])
        return
    base = copy.deepcopy(_compose_once(config_name, tuple(choices)))
    try:
        ConfigLoaderImpl._apply_overrides_to_config([parse_word(word)], base)  # as above
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError([innermost_reason(error)]) from error


def unknown_keys(config: DictConfig, prefix: str = "") -> Iterator[str]:
    """Yield a problem for every key that its schema does not have (`+optimizer.lrr=1` gets that far)."""
    node_type = OmegaConf.get_type(config)
    known = (
        [item.name for item in fields(node_type)] if is_dataclass(node_type) else [str(key) for key in config]
    )
    for key in map(str, config):
        if key not in known:
            yield f"{prefix}{explain_unknown_key(prefix.removesuffix('.'), key, known)}"
        elif OmegaConf.is_missing(config, key) or OmegaConf.is_interpolation(config, key):
            continue
        # `config[key]` is public, but resolves interpolations, which may point at what is missing
        elif isinstance(config._get_node(key), DictConfig):
            yield from unknown_keys(config[key], f"{prefix}{key}.")
