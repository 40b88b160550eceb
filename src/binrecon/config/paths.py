"""Keys that hold paths: a path is taken as typed, letter by letter, and `~` is the home directory.

Hydra has a grammar for values, in which `~`, `=`, `(`, `#` or a letter beyond ASCII mean something else or
nothing. A path that it would not read as it stands gets quotes here, before Hydra sees it. Only a comma needs
quotes of the user's, since it separates several values.
"""

import os
from collections.abc import Sequence

from binrecon.config.home import expand_home, quote_value
from binrecon.config.path_keys import list_path_keys
from binrecon.config.problems import parse_word
from binrecon.errors import ConfigError


def read_paths(words: Sequence[str]) -> list[str]:
    r"""Write the paths on a command line so that Hydra reads what was typed.

    Args:
        words: As typed.

    Returns:
        The words, with `~` expanded, and quotes where Hydra needs them.

    Raises:
        ConfigError: If a word is not UTF-8, since a configuration is.

    >>> read_paths(["source.root=/bins/a=b", "seed=1"])
    ["source.root='/bins/a=b'", 'seed=1']
    """
    problems = [_explain_encoding(word) for word in words if not _is_utf8(word)]
    if problems:
        raise ConfigError(problems)
    return [_read_word(word) if _is_path_key(word) else word for word in words]


def _is_path_key(word: str) -> bool:
    key, equals, text = word.partition("=")
    return bool(equals and text) and key.lstrip("+") in list_path_keys()


def _read_word(word: str) -> str:
    key, _, text = word.partition("=")
    is_list = list_path_keys()[key.lstrip("+")]
    try:
        override = parse_word(word)
    except ConfigError:
        return f"{key}={_quote_all(text, is_list)}"
    value = override.value()
    if is_list or value is None or override.is_sweep_override():
        return word
    path = expand_home(_typed_path(value, text))
    return word if path == value else f"{key}={quote_value(path)}"


def _typed_path(value: object, text: str) -> str:
    """Return the path that a word means: Hydra's reading where there are quotes or escapes, else the text."""
    is_spelled = text[:1] in ("'", '"') or "\\" in text
    return value if isinstance(value, str) and is_spelled else text


def _quote_all(text: str, is_list: bool) -> str:
    """Quote one or more paths that Hydra does not read, in the brackets that a list has."""
    has_brackets = is_list and text.startswith("[") and text.endswith("]")
    parts = (text[1:-1] if has_brackets else text).split(",")
    quoted = ",".join(part if _is_quoted(part) else quote_value(expand_home(part)) for part in parts)
    return f"[{quoted}]" if has_brackets else quoted


def _is_quoted(part: str) -> bool:
    return len(part) > 1 and part[0] == part[-1] and part[0] in "'\""


def _is_utf8(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _explain_encoding(word: str) -> str:
    key, _, value = word.partition("=")
    shown = ascii(os.fsencode(value or word))
    return (
        f"{key if value else 'a word'}: {shown} is not UTF-8, which configurations are written in; rename "
        "the folder or file, or make a symbolic link to it with another name"
    )
