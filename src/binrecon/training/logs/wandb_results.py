"""Results of a run as W&B shows them: numbers, tables and plots."""

import io
import math
from typing import Any, cast

import wandb
from PIL import Image

from binrecon.config.schema import TrainConfig, WandbLoggerConfig
from binrecon.manifest import CountRange
from binrecon.sources.build import build_source
from binrecon.training.results import Results
from binrecon.training.run_folder import RunFolder

_PLOTS = ("learning_curves", "confusion_matrix", "reliability", "calibration")
_PLOTS_OF_PHOTOS = ("most_wrong",)
_CONFUSION_COLUMNS = ("Actual", "Predicted", "nPredictions")  # as W&B's chart calls them


def summarise(results: Results, folder: RunFolder) -> dict[str, float]:
    """Return final numbers by name; those of `val` are of the tested epoch, not of the last one."""
    numbers = {name: value for name, value in results.best_row.items() if name.startswith("val/")}
    if results.split == "test":
        numbers |= {f"test/{name}": value for name, value in results.judged.items()}
    for baseline, metrics in (("majority", results.majority), ("prior", results.prior)):
        numbers |= {f"baseline/{baseline}/{name}": value for name, value in metrics.items()}
    numbers["best_epoch"] = results.best_epoch
    numbers["seconds"] = folder.read_facts()["seconds"]
    return {name: value for name, value in numbers.items() if math.isfinite(value)}


def draw(results: Results, config: TrainConfig, folder: RunFolder) -> dict[str, Any]:
    """Return tables and plots by name; a run that could not be calibrated has no plot of that."""
    shows_photos = cast(WandbLoggerConfig, config.logger).log_photos
    plots = {
        name: folder.plots / f"{name}.png" for name in _PLOTS + (_PLOTS_OF_PHOTOS if shows_photos else ())
    }
    return {
        "confusion": _draw_confusion(results, CountRange.of(config.data).counts),
        "most_wrong": _tabulate_most_wrong(results, config, shows_photos),
        **{f"plots/{name}": wandb.Image(str(path)) for name, path in plots.items() if path.exists()},
    }


def _draw_confusion(results: Results, counts: range) -> object:
    table = wandb.Table(columns=[*_CONFUSION_COLUMNS])
    for recorded, row in zip(counts, results.tally.confusion.int().tolist(), strict=True):
        for predicted, bins in zip(counts, row, strict=True):
            table.add_data(str(recorded), str(predicted), bins)
    return wandb.plot_table(
        vega_spec_name="wandb/confusion_matrix/v1",  # the chart of W&B's own confusion_matrix
        data_table=table,
        fields={name: name for name in _CONFUSION_COLUMNS},
        string_fields={"title": f"{results.split}: recorded and predicted counts"},
    )


def _tabulate_most_wrong(results: Results, config: TrainConfig, shows_photos: bool) -> wandb.Table:
    columns: list[str | int] = ["bin_id", "recorded_count", "predicted_count", "likelihood"]
    rows = results.most_wrong[columns].to_dict("split")["data"]
    if shows_photos:
        source = build_source(config.source)
        photos = (Image.open(io.BytesIO(source.read_photo(row[0]))).convert("RGB") for row in rows)
        rows = [[*row, wandb.Image(photo)] for row, photo in zip(rows, photos, strict=True)]
        columns = [*columns, "photo"]
    return wandb.Table(columns=columns, data=rows)
