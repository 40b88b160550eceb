"""Values that a file may set a key to: plain ones, and references to other keys of the same configuration."""

import re
from collections.abc import Iterator
from dataclasses import fields

from binrecon.config.compose import RECIPES, list_groups
from binrecon.config.schema import TrainConfig

MAX_TEXT = 4096
"""Longest path of Linux."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"\$\{([A-Za-z][A-Za-z0-9_]*)(\.[A-Za-z][A-Za-z0-9_]*)*\}")

TOP_KEYS = tuple(item.name for item in fields(TrainConfig))
"""Keys and groups that a run's configuration consists of."""


def train_groups() -> tuple[str, ...]:
    """Return the groups of `train`, `experiment` among them."""
    return tuple(group for group in list_groups() if group in (*TOP_KEYS, RECIPES))


def find_value_problems(key: str, value: object) -> Iterator[str]:
    """Yield a problem for everything in a value that is not plain, `key: what is wrong and what is allowed`.

    >>> list(find_value_problems("output_root", "${cache_dir}/a"))
    []
    >>> list(find_value_problems("output_root", "${oc.env:HOME}"))
    ["output_root: '${oc.env:HOME}' is not allowed in a file; it may refer to a key, ${KEY}, once in a value"]
    """
    match value:
        case str():
            yield from _find_text_problems(key, value)
        case bool() | int() | float() | None:
            return
        case dict():
            for name, part in value.items():
                if isinstance(name, str) and _NAME.fullmatch(name):
                    yield from find_value_problems(f"{key}.{name}", part)
                else:
                    yield f"{key}.{_show(str(name))}: not the name of a key; a file sets keys of train alone"
        case list():
            for part in value:
                yield from find_value_problems(key, part)
        case _:
            yield f"{key}: {_show(str(value))} is not a plain value; functions and sweeps are not allowed"


def _find_text_problems(key: str, text: str) -> Iterator[str]:
    references = list(_REFERENCE.finditer(text))
    is_allowed = len(references) <= 1 and all(found[1] in TOP_KEYS for found in references)
    if not is_allowed or "${" in _REFERENCE.sub("", text):
        yield (
            f"{key}: '{_show(text)}' is not allowed in a file; "
            "it may refer to a key, ${KEY}, once in a value"
        )
    if len(text) > MAX_TEXT:
        yield f"{key}: has {len(text):,} characters; at most {MAX_TEXT:,} are allowed"
    if not text.isprintable():
        yield f"{key}: '{_show(text)}' holds characters that cannot be printed; remove them"


def _show(text: str) -> str:
    """Shorten a value for a message, and make it safe to print."""
    shown = text if text.isprintable() else text.encode("unicode_escape").decode()
    return shown if len(shown) <= 100 else f"{shown[:100]}…"
