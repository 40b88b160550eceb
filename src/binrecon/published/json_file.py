"""Reader of a published list: JSON, plain or gzipped, from an untrusted source."""

import gzip
import json
import reprlib
import zlib
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

from binrecon.errors import ManifestError
from binrecon.regular_file import open_regular

REMEDY = "get the list anew, whole and unchanged"
"""End of every message about a damaged list."""

_MAX_MIB = 64  # the largest published list has 4
_MAX_BYTES = _MAX_MIB * 2**20


def read_json(path: Path) -> object:
    """Return the content of a list, unzipped if its name ends in `.gz`.

    Raises:
        ManifestError: If the file cannot be read, is larger than a list can be, or is not JSON.
    """
    content = _read_capped(path)
    try:
        data: object = json.loads(content, object_pairs_hook=_build_object)
    except (ValueError, RecursionError) as error:  # no JSON, no Unicode, a number or a depth without end
        raise ManifestError(f"list '{path}' cannot be read as JSON: {error}; {REMEDY}") from error
    return data


def _read_capped(path: Path) -> bytes:
    """Return the bytes of a list; at most one more than the limit is ever in memory."""
    try:
        with open_regular(path) as file, _unzip(path, file) as unzipped:
            content = unzipped.read(_MAX_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ManifestError(f"list '{path}' is not a whole gzip file: {error}; {REMEDY}") from error
    except OSError as error:
        raise ManifestError(f"list '{path}' cannot be read: {error.strerror or error}; {REMEDY}") from error
    if len(content) > _MAX_BYTES:
        raise ManifestError(
            f"list '{path}' is larger than {_MAX_MIB} MiB uncompressed, "
            f"but the published ones are smaller than 10; {REMEDY}"
        )
    return content


def _unzip(path: Path, file: BinaryIO) -> AbstractContextManager[BinaryIO | gzip.GzipFile]:
    return gzip.GzipFile(fileobj=file, mode="rb") if path.suffix == ".gz" else nullcontext(file)


def _build_object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Build a JSON object, but refuse a repeated key, of which Python would keep only the last value."""
    built = dict(pairs)
    if len(built) < len(pairs):
        raise ValueError(f"a key stands twice among {reprlib.repr([key for key, _ in pairs])}")
    return built
