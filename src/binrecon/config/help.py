"""`--help`, read from the configuration itself: options from rooms and files, meanings from dataclasses."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import pairwise
from typing import cast

from omegaconf import DictConfig, OmegaConf

from binrecon.config.compose import (
    chosen_options,
    compose_config,
    config_dir,
    list_groups,
    list_options,
    typed_options,
)


def describe_groups(config_name: str) -> Iterator[str]:
    """Yield a line for each option of each group that a verb has, its default marked by `*`."""
    file = cast(DictConfig, OmegaConf.load(config_dir() / f"{config_name}.yaml"))
    groups = {group for entry in file["defaults"] if isinstance(entry, DictConfig) for group in entry}
    defaults = chosen_options(config_name, [])
    for group in (group for group in list_groups() if group in groups):
        for option in list_options(group):
            mark = "*" if defaults.get(group) == option else " "
            yield f"  {mark} {f'{group}={option}':<28} {_describe_option(group, option)}"


def describe_keys(config_name: str) -> Iterator[str]:
    """Yield a line for each key of a verb's default configuration: value and meaning."""
    yield from _describe(compose_config(config_name), "")


def _describe(config: DictConfig, prefix: str) -> Iterator[str]:
    meanings = _meanings(cast(type, OmegaConf.get_type(config)))
    for key in map(str, config):
        # `config[key]` is public, but resolves interpolations and raises at `???`
        node = config._get_node(key)
        if isinstance(node, DictConfig) and not node._is_missing():  # as above
            yield from _describe(node, f"{prefix}{key}.")
        elif key != "name":
            value = OmegaConf.to_container(config, resolve=False)[key]  # type: ignore[index,call-overload]  # a dict
            shown = "null" if value is None else value
            yield f"  {f'{prefix}{key}={shown}':<42} {meanings.get(key, '')}".rstrip()


@cache
def _meanings(node_type: type) -> dict[str, str]:
    """Return the string below each field of a schema, those of its bases included."""
    meanings: dict[str, str] = {}
    for kind in reversed(node_type.__mro__):
        if not (is_dataclass(kind) and fields(kind)):
            continue
        body = ast.parse(inspect.getsource(kind)).body[0].body  # type: ignore[attr-defined]  # a class definition
        for item, below in pairwise(body):
            if isinstance(item, ast.AnnAssign) and isinstance(below, ast.Expr):
                meanings[item.target.id] = " ".join(below.value.value.split())  # type: ignore[union-attr,attr-defined]  # a name, a string
    return meanings


def _describe_option(group: str, option: str) -> str:
    """Return the first line of an option's file, or else of its dataclass."""
    path = config_dir() / group / f"{option}.yaml"
    if not path.exists():
        return (inspect.getdoc(typed_options(group)[option]) or "").splitlines()[0].removesuffix(".")
    lines = path.read_text(encoding="utf-8").splitlines()
    first = next(line for line in lines if not line.startswith("# @package"))
    return first.removeprefix("#").strip()
