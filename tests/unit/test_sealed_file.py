import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binrecon.errors import DamagedCacheError
from binrecon.sealed_file import SEAL_BYTES, discard, read_sealed, write_sealed


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(3_000_000)], ids=len)
def test_read_sealed__what_was_written(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "folder" / "file"
    write_sealed(path, content, "me")
    assert read_sealed(path, "me") == content
    assert path.stat().st_size == len(content) + SEAL_BYTES
    assert [one.name for one in path.parent.iterdir()] == ["file"]


@given(st.data())
def test_read_sealed__every_change_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("sealed") / "file"
    write_sealed(path, b"some content", "me")
    whole = path.read_bytes()
    position = data.draw(st.integers(0, len(whole) - 1))
    changes = [whole[:position], whole[position + 1 :], whole + whole[position:]]
    changes.append(
        whole[:position] + bytes([whole[position] ^ data.draw(st.integers(1, 255))]) + whole[position + 1 :]
    )
    path.write_bytes(data.draw(st.sampled_from(changes)))
    with pytest.raises(DamagedCacheError, match=f"^'{re.escape(str(path))}' "):
        read_sealed(path, "me")


def test_read_sealed__for_somebody_else(tmp_path: Path) -> None:
    write_sealed(tmp_path / "file", b"content", "me")
    with pytest.raises(DamagedCacheError, match=r"is not what was written$"):
        read_sealed(tmp_path / "file", "you")


def test_read_sealed__nothing_that_never_ends(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(DamagedCacheError, match=r"is no file$"):
            read_sealed(path, "me")


def test_discard(tmp_path: Path) -> None:
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    for name in ("link", "folder", "file", "nothing"):
        discard(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
