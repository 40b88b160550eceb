import io
import sys

import pytest
from rich.table import Table

from binrecon.console import get_console
from binrecon.output_streams import prepare_streams


def open_stream(encoding: str, monkeypatch: pytest.MonkeyPatch) -> io.TextIOWrapper:
    """Put a stream in place of both; within a test, since pytest puts its own there when one begins."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, stream)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    prepare_streams()
    return stream


def read(stream: io.TextIOWrapper) -> str:
    return stream.buffer.getvalue().decode(stream.encoding)  # type: ignore[attr-defined]  # BytesIO


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "^ v - +- x ... \\xe9 \\u4e00 \\udcff"),
        ("cp1252", "^ v – ± × … é \\u4e00 \\udcff"),
        ("utf-8", "↑ ↓ – ± × … é 一 \\udcff"),
    ],
)
def test_prepare_streams(encoding: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = open_stream(encoding, monkeypatch)
    sys.stdout.write("↑ ↓ – ± × … é 一 \udcff")
    assert read(stream) == shown


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_prepare_streams__tables(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = open_stream(encoding, monkeypatch)
    table = Table("accuracy ↑", "rmse ↓", title="[b] é")
    table.add_row("55.9 ± – %", "/bins [x]/\udcff")
    get_console(60).print(table)
    assert "55.9" in read(stream)
    assert "/bins [x]/" in read(stream)


def test_prepare_streams__an_unexpected_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = open_stream("utf-8", monkeypatch)
    try:
        raise KeyError("postgresql://u:S3CRET@h/db")
    except KeyError as error:
        sys.excepthook(KeyError, error, error.__traceback__)
    assert "Traceback" in read(stream)
    assert "postgresql://***@h/db" in read(stream)
    assert "S3CRET" not in read(stream)
