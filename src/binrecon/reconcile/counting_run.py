"""The finished run whose counter looks at the photos: its configuration, weights and calibration."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from binrecon.calibration import Calibration
from binrecon.checksums import hash_file
from binrecon.config.schema import TrainConfig
from binrecon.errors import CalibrationError, ConfigError
from binrecon.models import BinCounter
from binrecon.training.checkpoints.files import load_counter
from binrecon.training.hardware import run_on
from binrecon.training.run_folder import RunFolder, open_finished


@dataclass(frozen=True)
class CountingRun:
    """A counter, ready to look at photos, and how far its probabilities can be trusted.

    Args:
        folder: Of the run.
        config: Of the run, with the device that is at hand now.
        counter: Its best checkpoint.
        calibration: Of the counter.
        checkpoint_hash: SHA-256 of the checkpoint.
    """

    folder: RunFolder
    config: TrainConfig
    counter: BinCounter
    calibration: Calibration
    checkpoint_hash: str


def open_run(path: Path, device: str) -> CountingRun:
    """Open a finished run.

    Args:
        path: Its folder.
        device: `auto`, `cpu` or `gpu`.

    Raises:
        CheckpointError: If it is no run, or has not finished.
        CalibrationError: If it has no calibration, or that of another counter.
        ConfigError: If its configuration is of another version, or there is no such device.
    """
    folder = open_finished(path)
    calibration = folder.require_calibration()
    config = _place(folder.read_config(), device)
    counter = load_counter(folder.best_checkpoint)
    if (len(calibration.scale), calibration.min_count) != (len(counter.counts), counter.min_count):
        raise CalibrationError(
            f"'{folder.calibration}' is of another counter (it answers {len(calibration.scale)} counts from "
            f"{calibration.min_count} on); make it anew with: binrecon calibrate {path}"
        )
    return CountingRun(folder, config, counter, calibration, hash_file(folder.best_checkpoint))


def _place(config: TrainConfig, device: str) -> TrainConfig:
    """Choose where the counter runs, whatever it was trained on."""
    has_gpu = torch.cuda.is_available()
    if device == "gpu" and not has_gpu:
        raise ConfigError(["device: gpu, but this machine has none that torch can use; use device=auto"])
    is_gpu = device == "gpu" or (device == "auto" and has_gpu)
    return replace(config, trainer=run_on(config.trainer, "cuda" if is_gpu else "cpu"))
