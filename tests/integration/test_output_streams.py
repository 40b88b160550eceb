"""No command fails because a terminal or a pipe lacks a character that it shows."""

import io
import sys
from pathlib import Path

import pytest

from binrecon.cli import main


def test_tables_and_errors(tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrows, signs and boxes of the tables of train and compare, and a path that is no text in an error."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True) for _ in range(2)]
    for name, stream in zip(("stdout", "stderr"), streams, strict=True):
        monkeypatch.setattr(sys, name, stream)
    run = tmp_path / "näh"
    assert main(["train", *tiny_run, "trainer.max_epochs=1", f"hydra.run.dir={run}"]) == 0
    assert main(["compare", str(run), f"output_dir={tmp_path / 'compared'}"]) == 0
    assert main(["compare", str(tmp_path / "\udcff ↑")]) == 2
    output, error = (stream.buffer.getvalue().decode() for stream in streams)  # type: ignore[attr-defined]  # BytesIO
    assert "accuracy ^" in output
    assert "rmse v" in output
    assert "ConfigError: " in error
    assert "\\xff" in error or "\\udcff" in error
