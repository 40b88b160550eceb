"""Recipes that lie outside `configs/`: `experiment=PATH.yaml`."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import ChoiceSweep, Override, QuotedString

from binrecon.config.compose import RECIPE_SUFFIX, RECIPES, add_recipe, list_options
from binrecon.config.credentials import find_credentials_in
from binrecon.config.home import expand_home, quote_where_needed
from binrecon.config.problems import parse_word
from binrecon.config.renamed import RENAMED, explain_renamed
from binrecon.config.run_keys import list_run_keys
from binrecon.config.spelling import did_you_mean
from binrecon.config.stored.files import StoredFileError, read_yaml
from binrecon.config.stored.values import TOP_KEYS, find_value_problems, train_groups
from binrecon.errors import ConfigError

_OVERRIDE = "override /"
_BASE = f"/{RECIPES}/"
_DEFAULTS = "defaults"
_LEADING = re.compile(r"\+{0,2}/?")


def take_in_recipes(words: Sequence[str]) -> list[str]:
    """Check the recipes outside `configs/` that overrides name, and make them known to Hydra.

    A recipe may set keys of `train` to plain values and choose shipped options in its `defaults`.

    Returns:
        The overrides, with the absolute path of each such recipe.

    Raises:
        ConfigError: With everything in a recipe that it may not hold, file and key named.
    """
    taken, problems = [], []
    for word in words:
        if (override := _parse_choice(word)) is None or not (paths := _list_paths(override)):
            taken.append(word)
            continue
        places = {path: _absolute(path) for path in paths}
        problems += [problem for path, place in places.items() for problem in _take_in(path, place)]
        taken.append(f"{word.partition('=')[0]}={_write(override.value(), places)}")
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return taken


def _parse_choice(word: str) -> Override | None:
    """Parse an override that chooses recipes, in any of Hydra's spellings; None for all else."""
    if not _LEADING.sub("", word, count=1).startswith(RECIPES):
        return None
    try:
        override = parse_word(word)
    except ConfigError:  # of which Hydra's own problems will say more
        return None
    return override if override.key_or_group == RECIPES and not override.is_delete() else None


def _list_paths(override: Override) -> list[str]:
    return [name for name in map(_text, _list_values(override.value())) if _is_path(name)]


def _list_values(value: Any) -> list[Any]:  # noqa: ANN401  # whatever Hydra's grammar knows
    if isinstance(value, ChoiceSweep):
        value = value.list
    return value if isinstance(value, list) else [value]


def _write(value: Any, places: dict[str, str]) -> str:  # noqa: ANN401  # as above
    """Write the value of an override again, with placeholders for paths."""
    names = [quote_where_needed(places.get(name, name)) for name in map(_text, _list_values(value))]
    return f"[{','.join(names)}]" if isinstance(value, list) else ",".join(names)


def _text(value: object) -> str:
    if isinstance(value, QuotedString):
        return str(value.text)
    return "null" if value is None else str(value)


def _is_path(name: str) -> bool:
    return name.endswith(RECIPE_SUFFIX)


def _absolute(path: str) -> str:
    """Name a file in the same way wherever it is used; Hydra looks for relative names in `configs/` too."""
    place = Path(expand_home(path))
    try:
        return str(place.parent.resolve() / place.name)
    except (OSError, RuntimeError, ValueError):  # a link to itself; reading it fails with that reason
        return str(place.absolute())


def _take_in(path: str, place: str) -> Iterator[str]:
    try:
        node = read_yaml(Path(place))
    except StoredFileError as error:
        advice = "" if Path(place).is_file() else f", or one of {', '.join(list_options(RECIPES))}"
        yield f"{RECIPES}: '{path}' cannot be read ({error}); give the path of a recipe{advice}"
        return
    found = (*find_recipe_problems(node), *find_credentials_in(node))
    problems = [f"{RECIPES}: '{path}': {problem}" for problem in found]
    yield from problems
    if not problems:
        add_recipe(place, node)


def find_recipe_problems(node: dict[str, Any]) -> Iterator[str]:
    """Yield a problem for everything that a recipe may not hold."""
    known = (*TOP_KEYS, *list_run_keys())
    for key, value in node.items():
        if key == _DEFAULTS:
            yield from _find_wrong_defaults(value)
        elif key not in TOP_KEYS:
            allowed = ", ".join((_DEFAULTS, *TOP_KEYS))
            yield f"{key}: a recipe cannot set it; allowed are {allowed}{did_you_mean(key, TOP_KEYS)}"
        else:
            problems = list(find_value_problems(key, value))
            yield from problems or _find_unknown_keys(key, value, known)


def _find_unknown_keys(key: str, value: object, known: Sequence[str]) -> Iterator[str]:
    """Yield keys that no option of the group has; those of another option are found in composing."""
    if not isinstance(value, dict):
        return
    for name, part in value.items():
        full = f"{key}.{name}"
        if full in known:
            continue
        if full in RENAMED:
            yield explain_renamed(full)
            continue
        if any(other.startswith(f"{full}.") for other in known):
            yield from _find_unknown_keys(full, part, known)
        else:
            yield f"{full}: unknown key{did_you_mean(full, known)}"


def _find_wrong_defaults(entries: object) -> Iterator[str]:
    if not isinstance(entries, list):
        yield f"{_DEFAULTS}: must be a list of `{_OVERRIDE}GROUP: OPTION`"
        return
    for entry in entries:
        if entry == "_self_" or entry in [f"{_BASE}{name}" for name in list_options(RECIPES)]:
            continue
        if not (isinstance(entry, dict) and len(entry) == 1):
            yield (
                f"{_DEFAULTS}: '{entry}' is not allowed in a recipe, only `{_OVERRIDE}GROUP: OPTION` "
                f"and {_BASE}NAME of a shipped recipe"
            )
            continue
        ((key, option),) = entry.items()
        group = key.removeprefix(_OVERRIDE)
        groups = [name for name in train_groups() if name != RECIPES]
        if group == key or group not in groups:
            yield (
                f"{_DEFAULTS}: '{key}' is not allowed in a recipe, only `{_OVERRIDE}GROUP: OPTION` "
                f"with GROUP one of {', '.join(groups)}"
            )
        elif option not in list_options(group):
            allowed = list_options(group)
            hint = did_you_mean(str(option), allowed)
            yield f"{_DEFAULTS}: {group}: {option}: no such option; allowed are {', '.join(allowed)}{hint}"
