import errno
import os
import socket
from pathlib import Path

import pytest

from binrecon.regular_file import open_regular, read_regular


def test_read_regular(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(3_000_000))
    (tmp_path / "link").symlink_to(path)
    assert read_regular(tmp_path / "link", 3_000_000) == bytes(3_000_000)


def test_read_regular__too_large(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    with pytest.raises(OSError, match="it has more than the 4 bytes allowed") as caught:
        read_regular(tmp_path / "file", 4)
    assert caught.value.errno == errno.EFBIG


def test_read_regular__a_file_that_says_it_is_empty() -> None:
    assert b"Linux" in read_regular("/proc/version", 10_000)


def test_open_regular__what_would_be_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/tty")
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for name, reason in (
            ("pipe", "it is a named pipe, not a file"),
            ("device", "it is a device, not a file"),
            ("socket", "it is a socket, not a file"),
            ("loop", "Too many levels of symbolic links"),
            (".", "Is a directory"),
        ):
            with pytest.raises(OSError, match=reason) as caught:
                open_regular(tmp_path / name)
            assert caught.value.strerror == reason


def test_open_regular__a_pipe_that_takes_the_place_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    (tmp_path / "file").touch()
    file = (tmp_path / "file").stat()
    monkeypatch.setattr("os.stat", lambda _: file)
    with pytest.raises(OSError, match="it is a named pipe, not a file"):
        open_regular(path)
