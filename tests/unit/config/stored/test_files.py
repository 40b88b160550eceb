import os
from pathlib import Path

import pytest

from binrecon.config.stored.files import MAX_DEPTH, MAX_YAML_BYTES, StoredFileError, read_yaml


def test_read_yaml__numbers_as_hydra_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1e-3\nb: [1, 2.5, null, true, 'x']\nc: {d: 2026-11-23}\n")
    assert read_yaml(path) == {"a": 1e-3, "b": [1, 2.5, None, True, "x"], "c": {"d": "2026-11-23"}}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a: !!python/object/apply:os.system ['touch F']", r"line 1: the tag .*os.system is not allowed"),
        (b"a: !!python/object/apply:pathlib.Path [x]", "line 1: the tag .* is not allowed"),
        (b"a: !!binary aGk=", "line 1: the tag .* is not allowed"),
        (b"a: &x [1]\nb: [*x, *x]", "line 1: anchors and aliases"),
        (b"a: 1\n\nb: [", "not YAML: line 3: "),
        (b"a: 1\na: 2", "not YAML: line 2: found duplicate key a"),
        (b"a: 1\n---\na: 2", "not YAML: "),
        (b"1: 2", "line 1: the key 1 is not a name"),
        (b"- 1", "holds a list"),
        (b"", "holds nothing"),
        (b"\xff\xfe\x00a", r"not text in UTF-8 \(byte 0\)"),
        ("a: ä".encode("utf-16"), "not text in UTF-8"),
        (b"a: \x00", "not YAML: "),
        (b"a: " + b"9" * 5000, "not YAML: "),
        (b"a: " + b"[" * 5000, f"line 1: nested more than {MAX_DEPTH} deep"),
        (b"#" * (MAX_YAML_BYTES + 1), "more than the 262,144 bytes allowed"),
    ],
)
def test_read_yaml__not_plain(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(StoredFileError, match=reason):
        read_yaml(path)


@pytest.mark.timeout(20)
def test_read_yaml__nothing_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    for name, reason in (
        ("fifo", "it is a named pipe, not a file"),
        (".", "Is a directory"),
        ("loop", "Too many levels of symbolic links"),
        ("absent", "No such file"),
        ("a\0b", "null byte"),
    ):
        with pytest.raises(StoredFileError, match=reason):
            read_yaml(tmp_path / name)
    with pytest.raises(StoredFileError, match="it is a device, not a file"):
        read_yaml(Path("/dev/zero"))


def test_read_yaml__through_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("{}")
    (tmp_path / "link.yaml").symlink_to("a.yaml")
    assert read_yaml(tmp_path / "link.yaml") == {}
