"""Overrides that a run folder, a mirror or a study keeps: what may be stored, and what is read back."""

from collections.abc import Iterator, Sequence
from typing import Any

from hydra.core.override_parser.types import Override, Quote, QuotedString
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from binrecon.config.compose import RECIPE_SUFFIX, RECIPES, list_options
from binrecon.config.problems import parse_word
from binrecon.config.renamed import RENAMED, explain_renamed
from binrecon.config.run_keys import list_run_keys
from binrecon.config.schema import TrainConfig
from binrecon.config.spelling import did_you_mean
from binrecon.config.stored.values import find_value_problems, train_groups
from binrecon.config.trials import write_word
from binrecon.errors import ConfigError

MAX_OVERRIDES = 1000
MAX_LENGTH = 16_384
MAX_DEPTH = 20


def check_stored(overrides: object) -> list[str]:
    """Check overrides that are read back: each must set a key or group of `train` to a plain value.

    Args:
        overrides: As they were stored, of any type.

    Returns:
        The overrides.

    Raises:
        ConfigError: With a problem for each that is anything else.
    """
    if not isinstance(overrides, list):
        raise ConfigError([f"overrides: must be a list of KEY=VALUE, got {_name_type(overrides)}"])
    if len(overrides) > MAX_OVERRIDES:
        raise ConfigError([f"overrides: {len(overrides):,} of them; at most {MAX_OVERRIDES:,} are allowed"])
    problems = [problem for override in overrides for problem in _find_problems(override)]
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return overrides


def storable(overrides: Sequence[str], config: TrainConfig) -> list[str]:
    """Return a run's overrides in the form in which they can be read back.

    `+key` and `++key` become `key`; what concerns Hydra alone and deletions are left out; a value that came
    from the environment is replaced by what it was.

    Args:
        overrides: Of the command line.
        config: The configuration that they made.

    >>> storable(["++seed=3", "hydra.verbose=true", "monitor=${oc.env:M}"], TrainConfig(monitor="val/mae"))
    ['seed=3', "monitor='val/mae'"]
    """
    stored = []
    for text in overrides:
        override = parse_word(text)
        if override.is_delete() or _is_of_hydra(override):
            continue
        plain = text.lstrip("+")
        value = _find_resolved(config, override.key_or_group)
        if "${" in plain and value is not None and any(_find_problems(plain)):
            plain = f"{override.key_or_group}={_write(value)}"
        stored.append(plain)
    return stored


def _is_of_hydra(override: Override) -> bool:
    return override.key_or_group.replace("/", ".").partition(".")[0] == "hydra"


def _find_resolved(config: TrainConfig, key: str) -> Any:  # noqa: ANN401  # of any plain type
    try:
        value = OmegaConf.select(OmegaConf.structured(config), key)
    except OmegaConfBaseException:
        return None
    return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value


def _write(value: Any) -> str:  # noqa: ANN401  # a plain value
    match value:
        case None:
            return "null"
        case dict():
            return "{" + ",".join(f"{key}:{_write(part)}" for key, part in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_write, value)) + "]"
        case str():
            return QuotedString(value, Quote.single).with_quotes()
    return write_word("", value).removeprefix("=")


def _find_problems(text: object) -> Iterator[str]:
    if not isinstance(text, str):
        yield f"overrides: must be KEY=VALUE each, got {_name_type(text)}"
        return
    shown = text if len(text) <= 100 else f"{text[:100]}…"
    if len(text) > MAX_LENGTH or _measure_depth(text) > MAX_DEPTH:
        yield f"{shown}: too long, or nested too deeply"
        return
    if not text.isprintable():
        yield f"{shown!r}: holds characters that cannot be printed"
        return
    if text.startswith("-"):
        yield f"{shown}: a flag; only KEY=VALUE is read from a file"
        return
    try:
        override = parse_word(text)
    except ConfigError as error:
        yield from error.problems
        return
    if text[0] in "+~" or override.package is not None:
        yield f"{shown}: +, ++, ~ and @ are not read from a file; write KEY=VALUE"
    elif override.is_sweep_override():
        yield f"{shown}: several values; only one is read from a file"
    elif override.key_or_group in train_groups() and not isinstance(override.value(), dict):
        yield from _find_wrong_options(override)
    else:
        yield from _find_wrong_values(override)


def _find_wrong_options(override: Override) -> Iterator[str]:
    group, value = override.key_or_group, override.value()
    options = value if isinstance(value, list) and group == RECIPES else [value]
    allowed = list_options(group)
    for option in options:
        name = option.text if isinstance(option, QuotedString) else option
        if group == RECIPES and (name is None or (isinstance(name, str) and name.endswith(RECIPE_SUFFIX))):
            yield from find_value_problems(group, name)  # its content is checked when it is read
        elif name not in allowed:
            hint = did_you_mean(str(name), allowed)
            yield f"{group}={name}: no such option; allowed are {', '.join(allowed)}{hint}"


def _find_wrong_values(override: Override) -> Iterator[str]:
    key, known = override.key_or_group, list_run_keys()
    if key in RENAMED:
        yield explain_renamed(key)
    elif key not in known and not any(name.startswith(f"{key}.") for name in known):
        yield f"{key}: not a key of train, which is all that a file may set{did_you_mean(key, known)}"
    else:
        yield from find_value_problems(key, _unquote(override.value()))


def _unquote(value: Any) -> Any:  # noqa: ANN401  # whatever Hydra's grammar knows
    match value:
        case QuotedString():
            return value.text
        case list():
            return [_unquote(part) for part in value]
        case dict():
            return {_unquote(key): _unquote(part) for key, part in value.items()}
    return value


def _measure_depth(text: str) -> int:
    depth = deepest = 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _name_type(value: object) -> str:
    return "null" if value is None else f"the {type(value).__name__} {str(value)[:60]!r}"
