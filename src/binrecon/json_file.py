"""Reading of JSON files with any content: plain values, or an error with one reason."""

import json
from pathlib import Path

from binrecon.regular_file import read_regular

MAX_BYTES = 64 * 2**20
"""Size of the largest file that is read; the largest that binrecon writes have some hundred kilobytes."""


def read_json(path: Path) -> object:
    """Read a JSON file.

    Raises:
        OSError: If it cannot be opened, is no regular file or too large.
        ValueError: If it is no JSON, not UTF-8, too large or too deep; the message is one line.
    """
    return parse_json(read_regular(path, MAX_BYTES + 1))


def parse_json(content: bytes) -> object:
    """Parse the bytes of a JSON file.

    >>> parse_json(b'{"seed": 1}')
    {'seed': 1}
    >>> parse_json(b"[" * 100_000)
    Traceback (most recent call last):
    ValueError: its brackets are nested too deep

    Raises:
        ValueError: If they are no JSON, not UTF-8, too many or too deep; the message is one line.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MiB")
    try:
        parsed: object = json.loads(content.decode())
    except RecursionError:
        raise ValueError("its brackets are nested too deep") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from error
    except ValueError as error:  # no JSON, or a number of more digits than Python reads
        raise ValueError(" ".join(str(error).split())) from error
    return parsed


def read_object(path: Path) -> dict[str, object]:
    """Read a JSON file whose content is an object, `{…}`.

    Raises:
        OSError: If it cannot be opened.
        ValueError: If it is none; the message is one line.
    """
    return as_object(read_json(path))


def as_object(parsed: object) -> dict[str, object]:
    """Make sure that parsed JSON is an object.

    Raises:
        ValueError: If it is another value.
    """
    if not isinstance(parsed, dict):
        raise ValueError(f"it holds no object {{…}} but a {type(parsed).__name__}")
    return parsed
