import gzip
import json
import re
from pathlib import Path

import pytest

from binrecon.errors import ManifestError
from binrecon.published import json_file
from binrecon.published.json_file import read_json

from .conftest import write_list

REMEDY = "; get the list anew, whole and unchanged"


def expect(message: str) -> str:
    return f"^{re.escape(message)}$"


@pytest.mark.parametrize("file_name", ["some.json", "some.json.gz"])
def test_read_json(tmp_path: Path, file_name: str) -> None:
    data = [[0, 1], {"1": ["é"]}]
    assert read_json(write_list(tmp_path / file_name, data)) == data


def test_read_json__repeated_key(tmp_path: Path) -> None:
    path = tmp_path / "some.json"
    path.write_text('{"1": [], "2": [], "1": []}')
    message = f"list '{path}' cannot be read as JSON: a key stands twice among ['1', '2', '1']{REMEDY}"
    with pytest.raises(ManifestError, match=expect(message)):
        read_json(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html>",
        b"[[4, 4], [5",
        b"\xff\xfe\xfd",
        gzip.compress(b"[]"),
        b"[" * 100_000,
        b"[[" + b"9" * 5000 + b", 1]]",
    ],
    ids=["empty", "a page", "cut", "no text", "gzip without .gz", "deep", "endless number"],
)
def test_read_json__not_json(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.json"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=f"^list '{path}' cannot be read as JSON: .+{REMEDY}$"):
        read_json(path)


@pytest.mark.parametrize(
    "content",
    [
        b"[[4, 4]]",
        gzip.compress(b"[[4, 4]]")[:-3],
        gzip.compress(json.dumps(list(range(999))).encode())[:200] + bytes(200),
        gzip.compress(b"[[4, 4]]") + b"more",
    ],
    ids=["plain", "cut", "damaged", "followed by something"],
)
def test_read_json__not_gzip(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.json.gz"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=f"^list '{path}' is not a whole gzip file: .+{REMEDY}$"):
        read_json(path)


def test_read_json__no_file(tmp_path: Path) -> None:
    path = tmp_path / "gone.json"
    message = f"list '{path}' cannot be read: No such file or directory{REMEDY}"
    with pytest.raises(ManifestError, match=expect(message)):
        read_json(path)


def test_read_json__a_folder(tmp_path: Path) -> None:
    message = f"list '{tmp_path}' cannot be read: Is a directory{REMEDY}"
    with pytest.raises(ManifestError, match=expect(message)):
        read_json(tmp_path)


def test_read_json__gzip_bomb(tmp_path: Path) -> None:
    path = tmp_path / "some.json.gz"
    member = gzip.compress(bytes(2**24), 6)
    path.write_bytes(member * 40)  # 640 MiB in 650 kB: read whole, it would show in the run's memory and time
    message = f"list '{path}' is larger than 64 MiB uncompressed, but the published ones are smaller than 10{REMEDY}"
    with pytest.raises(ManifestError, match=expect(message)):
        read_json(path)


def test_read_json__size_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "some.json"
    path.write_text("[[0, 1]]")
    monkeypatch.setattr(json_file, "_MAX_BYTES", 8)
    assert read_json(path) == [[0, 1]]
    monkeypatch.setattr(json_file, "_MAX_BYTES", 7)
    with pytest.raises(ManifestError, match="larger than"):
        read_json(path)
