from pathlib import Path

import pytest

from binrecon.checksums import accept
from binrecon.errors import CalibrationError, CheckpointError
from binrecon.reconcile.counting_run import open_run
from binrecon.training.run_folder import RunFolder


def test_open_run__not_a_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not the folder of a run"):
        open_run(tmp_path, "auto")


def test_open_run__without_calibration(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.checkpoints.mkdir()
    for file in (folder.config, folder.facts, folder.metrics, folder.best_checkpoint):
        file.touch()
    accept(tmp_path)
    with pytest.raises(CalibrationError, match="make one with: binrecon calibrate "):
        open_run(tmp_path, "auto")
