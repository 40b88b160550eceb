"""Files that hold plain values, read within limits: regular, of bounded size and depth, UTF-8."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from omegaconf._utils import get_yaml_loader  # `OmegaConf.load` allows tags, aliases and any depth

from binrecon.regular_file import read_regular

MAX_YAML_BYTES = 1 << 18
"""A run's config.yaml has 3 KiB."""

MAX_DEPTH = 20

_PLAIN = (str, bool, int, float, type(None))


class StoredFileError(ValueError):
    """A file that cannot be read as plain values; the message is the reason, without the file's name."""


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds keys and plain values.

    Raises:
        StoredFileError: If it cannot be read, or holds anything else: tags, anchors, aliases, other objects.
    """
    text = _read_text(path, MAX_YAML_BYTES)
    try:
        loader = _PlainLoader(text)
        try:
            content = loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark is not None else ""
        raise StoredFileError(f"not YAML: {line}{error.problem}") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        if isinstance(error, StoredFileError):
            raise
        raise StoredFileError(f"not YAML: {' '.join(str(error).split())}") from error
    return _check_mapping(content)


def _check_mapping(content: object) -> dict[str, Any]:
    if not isinstance(content, dict):
        found = "nothing" if content is None else f"a {type(content).__name__}"
        raise StoredFileError(f"holds {found} where keys and values are expected")
    return content


def _read_text(path: Path, max_bytes: int) -> str:
    content = _read_bytes(path, max_bytes)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StoredFileError(f"not text in UTF-8 (byte {error.start})") from error


def _read_bytes(path: Path, max_bytes: int) -> bytes:
    try:
        return read_regular(path, max_bytes)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise StoredFileError(reason or str(error)) from error


class _PlainLoader(get_yaml_loader()):  # type: ignore[misc]  # reads numbers as Hydra does
    """YAML without tags, anchors and aliases, of bounded depth, with names as keys."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401  # PyYAML's
        event = self.peek_event()
        line = f"line {event.start_mark.line + 1}: "
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise StoredFileError(f"{line}anchors and aliases (&, *) are not allowed; write the value out")
        if event.tag is not None:
            raise StoredFileError(f"{line}the tag {event.tag} is not allowed; only plain values are")
        if self.depth >= MAX_DEPTH:
            raise StoredFileError(f"{line}nested more than {MAX_DEPTH} deep")
        self.depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: ANN401  # PyYAML's
        value = super().construct_object(node, deep)
        if not isinstance(value, (*_PLAIN, list, dict)):
            raise StoredFileError(f"line {node.start_mark.line + 1}: not a plain value")
        return value

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict[Hashable, Any]:
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        for key in mapping:
            if not isinstance(key, str):
                raise StoredFileError(f"line {node.start_mark.line + 1}: the key {key!r} is not a name")
        return mapping
