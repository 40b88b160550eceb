"""The home directory in the paths of a configuration, whether from overrides, recipes or variables."""

import os
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from binrecon.config.options import IS_PATH

_PREFIX = "ids:"
"""Prefix of the path of a list of bins."""


def expand_home(path: str) -> str:
    """Put the home directory in place of `~`, and that of a user in place of `~user`.

    >>> expand_home("~/runs") == os.path.expanduser("~/runs"), expand_home("runs~"), expand_home("./~")
    (True, 'runs~', './~')
    """
    prefix = _PREFIX if path.startswith(_PREFIX) else ""
    return prefix + os.path.expanduser(path.removeprefix(prefix))  # noqa: PTH111  # Path would change `a//b`


def expand_paths(config: DictConfig) -> DictConfig:
    """Put the home directory in place of `~` in every path of a composed configuration, wherever it is from.

    Args:
        config: Of any verb; changed in place.

    Returns:
        The same.
    """
    with read_write(config), open_dict(config):
        _expand_node(config)
    return config


def find_path_problems(config: DictConfig, prefix: str = "") -> Iterator[str]:
    """Yield problems of paths as such: empty ones, and homes of users that do not exist."""
    for key, value in _path_values(config, prefix):
        if not value.removeprefix(_PREFIX):
            yield f"{key}: empty; give a path ('.' is the folder you are in)"
        elif value.removeprefix(_PREFIX).startswith("~"):
            user = value.removeprefix(_PREFIX).partition("/")[0]
            yield (
                f"{key}: '{value}' begins with the home directory of a user that this machine does not know; "
                f"give another path, or './{user}…' for one that begins so"
            )


def _expand_node(node: DictConfig) -> None:
    for key, value in _own_paths(node):
        expanded = [expand_home(v) for v in value] if isinstance(value, list) else expand_home(value)
        if expanded != value:
            node[key] = expanded
    for key in map(str, node):
        # `node[key]` is public, but resolves interpolations, which may point at what is missing
        if not OmegaConf.is_missing(node, key) and isinstance(child := node._get_node(key), DictConfig):
            _expand_node(child)


def _own_paths(node: DictConfig) -> Iterator[tuple[str, str | list[str]]]:
    """Yield the paths that stand in a node itself; those that cannot be resolved are found by others."""
    kind = OmegaConf.get_type(node)
    for item in fields(kind) if is_dataclass(kind) else ():
        if not item.metadata.get(IS_PATH) or OmegaConf.is_missing(node, item.name):
            continue
        try:
            value = node[item.name]
        except OmegaConfBaseException:
            continue
        if isinstance(value, str):
            yield item.name, value
        elif isinstance(value, ListConfig):
            yield item.name, [str(part) for part in value]


def _path_values(node: DictConfig, prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in _own_paths(node):
        for path in value if isinstance(value, list) else [value]:
            yield f"{prefix}{key}", path
    for key in map(str, node):
        # `node[key]` is public, but resolves interpolations, which may point at what is missing
        if not OmegaConf.is_missing(node, key) and isinstance(child := node._get_node(key), DictConfig):
            yield from _path_values(child, f"{prefix}{key}.")


def quote_value(text: str) -> str:
    r"""Quote a value so that Hydra reads it letter by letter.

    >>> quote_value("it's a=b")
    "'it\\'s a=b'"
    """
    return QuotedString(text, Quote.single).with_quotes()


def quote_where_needed(text: str) -> str:
    """Quote a value unless every letter of it means itself to Hydra.

    >>> quote_where_needed("../runs/best.yaml"), quote_where_needed("a=b")
    ('../runs/best.yaml', "'a=b'")
    """
    return text if re.fullmatch(r"[\w./+-]+", text, re.ASCII) else quote_value(text)
