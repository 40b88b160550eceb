from pathlib import Path
from typing import BinaryIO

import pytest

from binrecon.errors import OutputError
from binrecon.report.png import save_png


def test_save_png__makes_the_folder(tmp_path: Path) -> None:
    save_png(tmp_path / "plots" / "a.png", lambda file: file.write(b"picture"))

    assert (tmp_path / "plots" / "a.png").read_bytes() == b"picture"


def test_save_png__failed_write_keeps_the_old_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        save_png(path, fail)

    assert path.read_bytes() == b"old"
    assert list(tmp_path.glob("*")) == [path]
    assert list(tmp_path.glob(".*")) == []


def test_save_png__folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("")

    with pytest.raises(OutputError, match=r"cannot write .*a\.png: .*; choose another folder"):
        save_png(tmp_path / "plots" / "a.png", lambda file: file.write(b"picture"))


def test_save_png__other_ending(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"path: must end in \.png, got .*a\.jpg"):
        save_png(tmp_path / "a.jpg", lambda file: file.write(b"picture"))
