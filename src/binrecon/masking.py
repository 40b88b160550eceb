"""Credentials are found in what a user gives, and hidden in what binrecon prints and writes.

A credential belongs into the environment or a file of its own (the AWS chain, PGPASSWORD or ~/.pgpass,
WANDB_API_KEY or ~/.netrc). Configurations are kept with results, so one that holds a credential is refused.
A refused credential has been read by then: every error masks it, whatever raised the error.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

HIDDEN = "***"
"""Replacement of a credential."""

_SECRET_NAME = re.compile(
    r"secret|passw|token|credential|signature|api[_-]?key|access[_-]?key", re.IGNORECASE
)
_NAMES_OF_OTHERS = ("wandb_secret", "passfile")
"""Names that look like a credential's, but whose values only tell where one is."""

_URL = re.compile(r"""(?P<scheme>[A-Za-z][\w+.-]*)://(?P<rest>[^\s'"]*)""")
_WHOLE_URL = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*)://(?P<rest>.*)", re.DOTALL)
_USER_IS_PUBLIC = "postgres"
"""Databases keep no credential in a user without a password; other servers take tokens there."""

_SHORTEST_OF_ENVIRONMENT = 8  # a shorter value of a variable would be hidden inside innocent words
_SHORTEST_KNOWN = 3  # as above; in its address even a shorter one is hidden

_CUT_OFF = re.compile(r"[^:/?#@]+:(?!\d*(?:[/?#]|$))[^@/]+")
"""User and password of an address that a shell cut off at a space, which the password had."""

_known: set[str] = set()


def find_secrets(text: str) -> list[str]:
    """Find the credentials in addresses, and the values of environment variables that are named like one.

    Args:
        text: A value as given.

    >>> find_secrets("http://me:pass@host:8333"), find_secrets("postgresql://me@host/db?sslpassword=x1")
    (['me:pass'], ['x1'])
    >>> find_secrets("postgresql://me@host/db"), find_secrets("https://host:80/a@b")
    ([], [])
    """
    found = [part for match in _WHOLE_URL.finditer(text) for part in _in_url(match["scheme"], match["rest"])]
    return found + [secret for secret in _of_environment() if secret in text]


def note_secrets(text: str) -> bool:
    """Remember the credentials of a value, for `hide_secrets`; return whether there are any."""
    return remember(find_secrets(text))


def note_named_secret(key: str, value: str) -> bool:
    """Remember a value whose key is named like a credential; return whether it is."""
    leaf = key.rpartition(".")[2]
    is_one = leaf not in _NAMES_OF_OTHERS and _SECRET_NAME.search(leaf) is not None
    return is_one and value not in ("", "null") and remember([value.strip("'\"")])


def remember(secrets: list[str]) -> bool:
    """Remember credentials, their parts and spellings; return whether there are any."""
    parts = {part for secret in secrets for part in (secret, secret.partition(":")[2], unquote(secret))}
    parts |= {unquote(part) for part in parts}
    _known.update(part for part in parts if len(part) >= _SHORTEST_KNOWN)
    return bool(secrets)


def hide_secrets(value: Any) -> Any:  # noqa: ANN401  # any plain value
    """Return a plain value with what looks like a credential hidden.

    Hidden are values of keys that are named like one, those in addresses, those of environment variables, and
    all that were refused before.

    Args:
        value: Plain, nested in dicts and lists.

    >>> hide_secrets({"url": "http://me:pass@host:8333", "api_key": "abc", "lr": 0.1})
    {'url': 'http://***@host:8333', 'api_key': '***', 'lr': 0.1}
    """
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if _is_hidden(str(key), part) else hide_secrets(part) for key, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [hide_secrets(part) for part in value]
    return hide_text(value) if isinstance(value, str) else value


def hide_text(text: str) -> str:
    """Hide credentials in text that may hold several values, such as a command or an error.

    >>> hide_text("connecting to 'postgresql://me:pass@host/db' failed")
    "connecting to 'postgresql://***@host/db' failed"
    """
    for secret in (*sorted(_known, key=len, reverse=True), *_of_environment()):
        text = text.replace(secret, HIDDEN)
    return _URL.sub(_hide_in_url, text)


def _hide_in_url(match: re.Match[str]) -> str:
    scheme, rest = match["scheme"], match["rest"]
    for secret in _in_url(scheme, rest):
        rest = rest.replace(f"{secret}@", f"{HIDDEN}@").replace(f"={secret}", f"={HIDDEN}")
        rest = HIDDEN + rest.removeprefix(secret) if rest.startswith(secret) else rest
    return f"{scheme}://{rest}"


def _in_url(scheme: str, rest: str) -> Iterator[str]:
    """Yield user and password as they stand in an address, and the credentials among its parameters."""
    user = rest.rpartition("@")[0]
    if match := re.match(r"[^:/?#]*:(?!\d+/)", user):
        if len(user) > match.end():
            yield user
    elif user and not re.search(r"[/?#]", user) and not scheme.startswith(_USER_IS_PUBLIC):
        yield user
    if scheme.startswith(_USER_IS_PUBLIC) and (cut := _CUT_OFF.fullmatch(rest)):
        yield cut[0]
    for name, value in re.findall(r"[?&;]([^=&;]+)=([^&;]+)", rest):
        if name not in _NAMES_OF_OTHERS and _SECRET_NAME.search(name) and value != HIDDEN:
            yield value


def _is_hidden(key: str, value: object) -> bool:
    return value is not None and key not in _NAMES_OF_OTHERS and _SECRET_NAME.search(key) is not None


def _of_environment() -> list[str]:
    """Return the values of environment variables that are named like credentials, the longest first."""
    values = {value for name, value in os.environ.items() if _SECRET_NAME.search(name)}
    return sorted(
        (v for v in values if len(v) >= _SHORTEST_OF_ENVIRONMENT and not _is_path(v)), key=len, reverse=True
    )


def _is_path(value: str) -> bool:
    """Return whether a value is the path of a credential, as that of GOOGLE_APPLICATION_CREDENTIALS is."""
    try:
        return Path(value).exists()
    except (OSError, ValueError):
        return False
