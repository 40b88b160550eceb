"""Predictions of a finished run for its validation bins; a run itself keeps those of its evaluated bins."""

import pandas as pd
import torch

from binrecon.config.schema import TrainConfig
from binrecon.console import track
from binrecon.data.batch import BinBatch
from binrecon.data.datamodule import BinDataModule
from binrecon.models.decoding import average_looks
from binrecon.sources.build import build_source
from binrecon.training.callbacks import tabulate_predictions
from binrecon.training.checkpoints.files import load_counter
from binrecon.training.hardware import autocast, choose_device
from binrecon.training.run_folder import RunFolder


def predict_val(config: TrainConfig, folder: RunFolder) -> pd.DataFrame:
    """Predict the validation bins with the best checkpoint.

    Args:
        config: Of the run.
        folder: Of the run, which has ended.

    Returns:
        A table as `tabulate_predictions` makes it, sorted by bin.
    """
    device = choose_device(config.trainer)
    counter = load_counter(folder.best_checkpoint).to(device)
    manifest = folder.read_manifest()
    data = BinDataModule(build_source(config.source), manifest, config.data, config.seed)
    loader = data.val_dataloader()
    parts = []
    with torch.inference_mode(), autocast(config.trainer):
        for batch in track(loader, "predicting validation bins", len(loader), "batches"):
            assert isinstance(batch, BinBatch)  # noqa: S101  # photos are what this data module gives
            looks = counter(batch.photos.to(device, non_blocking=True))
            count_logits = average_looks(looks, len(batch.recorded_counts))
            parts.append(tabulate_predictions(batch, count_logits, config.data.min_count))
    return pd.concat(parts).sort_values("bin_id")
