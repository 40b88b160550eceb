"""The verb `calibrate`: a calibration for a run that has none, or one by another method."""

from dataclasses import replace
from pathlib import Path

import torch

from binrecon.config.calibrate import CalibrateConfig
from binrecon.config.compose import load_resolved
from binrecon.config.schema import SourceConfig, TrainConfig, TrainerConfig
from binrecon.console import get_console
from binrecon.errors import CalibrationError
from binrecon.manifest import read_manifest
from binrecon.sources.build import build_source
from binrecon.training.calibrate import calibrate_run
from binrecon.training.predict import predict_val
from binrecon.training.run_folder import RunFolder


def calibrate(config: CalibrateConfig) -> None:
    """Calibrate a finished run anew, and predict its validation bins first if it did not keep that.

    Args:
        config: Checked by `validate`.

    Raises:
        CalibrationError: If there is no such run, it has not ended, or its bins cannot calibrate it.
        BinreconError: If its validation bins have to be predicted, and photos or checkpoint are not there.
    """
    folder = RunFolder(Path(config.run).expanduser())
    _check_run(folder)
    run_config, manifest = load_resolved(folder.config), read_manifest(folder.manifest)
    if manifest.judged_split == "test" and not folder.val_predictions.exists():
        here = _bring_here(run_config, config.root)
        build_source(here.source).prepare()
        predict_val(here, folder)
    calibrate_run(run_config, folder, manifest, config.method)  # type: ignore[arg-type]  # checked by validate
    get_console().print(f"calibration: {folder.calibration}", markup=False, highlight=False)


def _check_run(folder: RunFolder) -> None:
    if not folder.facts.exists():
        raise CalibrationError(
            f"run: '{folder.path}' is not the folder of a run (it has no {folder.facts.name}); "
            "give the path that the run printed at its end, as outputs/train/DATE_TIME"
        )
    if not (folder.metrics.exists() and folder.predictions.exists()):
        raise CalibrationError(
            f"run: '{folder.path}' has not ended, so its counter is not final; "
            f"go on with it: binrecon train resume={folder.path}"
        )


def _bring_here(config: TrainConfig, root: str | None) -> TrainConfig:
    """Let a run's bins be where they are now, and its device be one that this machine has."""
    source: SourceConfig = config.source if root is None else replace(config.source, root=root)
    trainer: TrainerConfig = config.trainer
    if trainer.accelerator == "gpu" and not torch.cuda.is_available():
        trainer = replace(trainer, accelerator="cpu", devices=1, precision="32-true")
    return replace(config, source=source, trainer=trainer)
