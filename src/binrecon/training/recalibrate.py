"""The verb `calibrate`: a calibration for a run that has none, or one by another method."""

from dataclasses import replace
from pathlib import Path

import torch

from binrecon.config.calibrate import CalibrateConfig
from binrecon.config.schema import SourceConfig, TrainConfig
from binrecon.console import get_console
from binrecon.manifest.same_bins import check_photos
from binrecon.sources.build import build_source
from binrecon.training.calibrate import calibrate_run
from binrecon.training.hardware import run_on
from binrecon.training.predict import predict_val
from binrecon.training.run_folder import open_finished


def calibrate(config: CalibrateConfig) -> None:
    """Calibrate a finished run anew, and predict its validation bins first if it did not keep that.

    Args:
        config: Checked by `validate`.

    Raises:
        CheckpointError: If there is no such run, or it has not ended.
        CalibrationError: If its bins cannot calibrate it.
        ManifestError: If the bins at `root` are not those of the run.
        BinreconError: If its validation bins have to be predicted, and photos or checkpoint are not there.
    """
    folder = open_finished(Path(config.run))
    run_config, manifest = folder.read_config(), folder.read_manifest()
    here, val_predictions = _bring_here(run_config, config.root), None
    has_to_predict = manifest.judged_split == "test" and not folder.val_predictions.exists()
    if has_to_predict or config.root is not None:
        source = build_source(here.source)
        source.prepare()
        check_photos(manifest.rows_of("val"), source, f"root: {source.folder}")
    if has_to_predict:
        val_predictions = predict_val(here, folder)
    calibrate_run(run_config, folder, manifest, config.method, val_predictions)  # type: ignore[arg-type]  # checked by validate
    get_console().print(f"calibration: {folder.calibration}", markup=False, highlight=False)


def _bring_here(config: TrainConfig, root: str | None) -> TrainConfig:
    """Let a run's bins be where they are now, and its device be one that this machine has."""
    source: SourceConfig = config.source if root is None else replace(config.source, root=root)
    is_gpu = config.trainer.accelerator == "gpu" and torch.cuda.is_available()
    return replace(config, source=source, trainer=run_on(config.trainer, "cuda" if is_gpu else "cpu"))
