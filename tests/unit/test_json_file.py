from pathlib import Path

import pytest

from binrecon import json_file
from binrecon.json_file import parse_json, read_json, read_object


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value: line 1 column 1"),
        (b"{'a': 1}", "Expecting property name"),
        (b"\xff{}", "byte 0 is not UTF-8"),
        (b"[" * 100_000, "its brackets are nested too deep"),
        (b'{"a":' * 100_000, "its brackets are nested too deep"),
        (b"1" * 10_000, "Exceeds the limit"),
    ],
)
def test_parse_json__one_reason(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        parse_json(content)
    assert "\n" not in str(caught.value)


def test_read_json__too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_file, "MAX_BYTES", 8)
    (tmp_path / "a.json").write_text("[1, 2, 3]")
    with pytest.raises(ValueError, match="it is larger than 0 MiB"):
        read_json(tmp_path / "a.json")


def test_read_object__another_value(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"it holds no object \{…\} but a list"):
        read_object(tmp_path / "a.json")
