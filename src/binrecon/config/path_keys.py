"""Keys that hold paths, of all verbs: their fields are marked `is_path`."""

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, cast

from binrecon.config.compose import COMMANDS, RECIPES, list_groups, typed_options
from binrecon.config.options import IS_PATH

_OF_HYDRA = ("hydra.run.dir", "hydra.sweep.dir", RECIPES)


@cache
def list_path_keys() -> dict[str, bool]:
    """Map the dotted keys that hold paths, of all verbs, to whether they hold a list of them.

    >>> keys = list_path_keys()
    >>> keys["output_root"], keys["source.root"], keys["hydra.run.dir"], keys["runs"]
    (False, False, False, True)
    """
    keys: dict[str, bool] = {}
    for command in COMMANDS.values():
        keys.update(_path_fields(command, ""))
    for group in list_groups():
        for part in typed_options(group).values():
            keys.update(_path_fields(part, f"{group}."))
    return {**keys, **dict.fromkeys(_OF_HYDRA, False)}


def _path_fields(kind: type[Any], prefix: str) -> Iterator[tuple[str, bool]]:
    for item in fields(kind):
        if item.metadata.get(IS_PATH):
            yield f"{prefix}{item.name}", "list" in str(item.type)
        elif item.default_factory is not MISSING and is_dataclass(item.default_factory):
            yield from _path_fields(cast(type[Any], item.default_factory), f"{prefix}{item.name}.")
