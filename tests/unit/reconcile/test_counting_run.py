from pathlib import Path

import pytest

from binrecon.errors import CalibrationError, CheckpointError
from binrecon.reconcile.counting_run import open_run


def test_open_run__not_a_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        open_run(tmp_path, "auto")
    assert str(caught.value) == (
        f"checkpoint: '{tmp_path}' has no config.yaml: it is not the folder of a run; "
        "give the path that `binrecon train` printed"
    )


def test_open_run__not_finished(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").touch()
    with pytest.raises(CheckpointError) as caught:
        open_run(tmp_path, "auto")
    assert str(caught.value) == (
        f"checkpoint: '{tmp_path}' has no checkpoints/best.ckpt: the run has not finished; "
        f"go on with: binrecon train resume={tmp_path}"
    )


def test_open_run__without_calibration(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").touch()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "best.ckpt").touch()
    with pytest.raises(CalibrationError, match="make one with: binrecon calibrate "):
        open_run(tmp_path, "auto")
