"""What is wrong with a command line that Hydra refuses: every problem, with what is allowed instead."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from binrecon.config.compose import (
    RECIPE_SUFFIX,
    RECIPES,
    compose_config,
    innermost_reason,
    list_groups,
    list_options,
)
from binrecon.config.home import quote_value
from binrecon.config.path_keys import list_path_keys
from binrecon.config.spelling import did_you_mean
from binrecon.errors import ConfigError


def parse_word(text: str) -> Override:
    """Read a word of the command line.

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
    r"""Say how to type one path that holds a comma, where several values were read; nothing for other keys.

    Args:
        key: Dotted, of the key that has several values.
        values: What stands after its `=`.

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


def find_problems(config_name: str, overrides: Sequence[str], is_multirun: bool = False) -> list[str]:
    """Find every override that cannot be composed, and say why; Hydra itself stops at the first.

    Args:
        config_name: The verb's file in `configs/`, without suffix.
        overrides: As typed, without Hydra's own flags.
        is_multirun: Whether a key may have several values.
    """
    problems: list[str] = []
    choices: list[list[str]] = []
    values: list[Override] = []
    for text in overrides:
        try:
            override = parse_word(text)
        except ConfigError as error:
            problems += error.problems
            continue
        problems += _several_values(config_name, override, is_multirun)
        if override.is_interval_sweep():
            continue
        if override.key_or_group in list_groups() and not override.is_delete():
            wrong = list(_wrong_options(override))
            problems += wrong
            choices += [] if wrong else [_list_words(override)]
        else:
            values.append(override)
    return problems + [p for value in values for p in _wrong_values(config_name, choices, value)]


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
    words = override.sweep_string_iterator() if override.is_sweep_override() else [str(override.value())]
    for word in words:
        is_elsewhere = group == RECIPES and (override.value() is None or word.endswith(RECIPE_SUFFIX))
        if word not in allowed and not is_elsewhere:
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
        compose_config(config_name, [*choices, word])
    except ConfigError as error:
        base = compose_config(config_name, list(choices))
        key = override.key_or_group
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


def unknown_keys(config: DictConfig, prefix: str = "") -> Iterator[str]:
    """Yield a problem for every key that its schema does not have (`+optimizer.lrr=1` gets that far)."""
    node_type = OmegaConf.get_type(config)
    known = (
        [item.name for item in fields(node_type)] if is_dataclass(node_type) else [str(key) for key in config]
    )
    for key in map(str, config):
        if key not in known:
            yield f"{prefix}{key}: unknown key; allowed are {', '.join(known)}{did_you_mean(key, known)}"
        elif not OmegaConf.is_missing(config, key) and isinstance(config._get_node(key), DictConfig):
            yield from unknown_keys(config[key], f"{prefix}{key}.")
