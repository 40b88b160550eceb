"""From the predictions of a run to its numbers, tables and plots."""

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from rich.console import Console

from binrecon.config.metric_names import MAIN_METRICS, name_decoded
from binrecon.config.schema import TrainConfig
from binrecon.config.split_words import Split
from binrecon.console import get_console
from binrecon.manifest import CountRange, Manifest
from binrecon.metrics import (
    CountTally,
    find_majority_count,
    majority_baseline,
    prior_baseline,
    scores,
    tally_batch,
)
from binrecon.report.photo_sheet import draw_photo_sheet
from binrecon.report.plots import plot_confusion, plot_learning_curves, plot_reliability
from binrecon.report.tables import decodings_table, metrics_table, per_count_table
from binrecon.sources.build import build_source
from binrecon.training.checkpoints.contents import read_epochs
from binrecon.training.checkpoints.files import read_checkpoint
from binrecon.training.ended import Ended
from binrecon.training.predictions import read_prediction_table
from binrecon.training.run_folder import RunFolder
from binrecon.whole_file import write_json

MOST_WRONG = 24
"""Photos on the sheet of the most wrong ones."""


@dataclass(frozen=True)
class Results:
    """The results of a run.

    Attributes:
        split: What the model is judged on: `test`, or `val` where a published split keeps no test bins.
        tally: Sums over the judged bins.
        judged: Metrics on the judged bins, by name.
        majority_count: The commonest recorded count of the training bins.
        majority: Metrics of always answering that.
        prior: Metrics of answering with the frequencies of the training bins.
        history: A row for each epoch.
        best_epoch: Epoch of the tested checkpoint, counted from 1.
        most_wrong: Predictions for the bins whose recorded count was thought least likely, the least likely
            first, with that probability as `likelihood`.
    """

    split: Split
    tally: CountTally
    judged: dict[str, float]
    majority_count: int
    majority: dict[str, float]
    prior: dict[str, float]
    history: pd.DataFrame
    best_epoch: int
    most_wrong: pd.DataFrame

    @property
    def best_row(self) -> dict[str, float]:
        """The row of the best epoch."""
        row = self.history.loc[self.history["epoch"] == self.best_epoch].iloc[0]
        return {str(name): float(value) for name, value in row.items()}


def report_results(config: TrainConfig, folder: RunFolder, manifest: Manifest) -> Results:
    """Compute a run's results from its predictions and checkpoints, draw them, write them and show them.

    `metrics.json` comes last: where it stands, the run has ended and all its results are there.

    Args:
        config: Of the run.
        folder: The run folder, with predictions and checkpoints.
        manifest: Of the run.

    Returns:
        What was achieved.
    """
    results = _compute(
        config, folder, manifest, read_prediction_table(folder.predictions, CountRange.of(config.data).counts)
    )
    _draw(config, folder, results)
    write_json(folder.metrics, _to_plain(results, manifest))
    _show(get_console(), config, folder, results)
    return results


def show_ended(config: TrainConfig, folder: RunFolder, manifest: Manifest, end: Ended) -> None:
    """Show the results of a run that has ended, and say that nothing was changed."""
    console = get_console()
    predictions = read_prediction_table(folder.predictions, CountRange.of(config.data).counts)
    _show(console, config, folder, _compute(config, folder, manifest, predictions))
    line = f"the run had ended {end.describe(config)}: nothing was trained, tested or written"
    console.print(line, highlight=False)
    if end.reason == "early_stopping":
        console.print("to train it longer, resume it with a larger patience, or null", highlight=False)


def read_best(folder: RunFolder, monitor: str) -> float:
    """Read the value of `monitor` at the best epoch from the results of a run; NaN where it had none."""
    best = folder.read_results()["val"].get(monitor.removeprefix("val/"))
    return math.nan if best is None else float(best)


def _compute(
    config: TrainConfig, folder: RunFolder, manifest: Manifest, predictions: pd.DataFrame
) -> Results:
    selection = CountRange.of(config.data)
    counts = selection.counts
    probabilities = torch.from_numpy(
        predictions[[f"p_{count}" for count in counts]].to_numpy(np.float64, copy=True)
    )
    recorded = torch.from_numpy(predictions["recorded_count"].to_numpy(np.int64, copy=True))
    tally = tally_batch(probabilities.clamp_min(1e-38).log(), recorded, config.data.min_count)
    train = np.bincount(
        selection.label_counts(manifest.rows_of("train").recorded_counts), minlength=counts.stop
    )
    train_histogram = train[counts.start :].tolist()
    test_histogram = [int((recorded == count).sum()) for count in counts]
    last = folder.last_checkpoint
    rows = read_epochs(last, read_checkpoint(last, for_facts=True))
    return Results(
        split=manifest.judged_split,
        tally=tally,
        judged=scores(tally),
        majority_count=find_majority_count(train_histogram, counts.start),
        majority=majority_baseline(train_histogram, test_histogram, counts.start),
        prior=prior_baseline(train_histogram, test_histogram, counts.start),
        history=pd.DataFrame(rows),
        best_epoch=read_checkpoint(folder.best_checkpoint, for_facts=True)["epoch"] + 1,
        most_wrong=_find_most_wrong(predictions),
    )


def _find_most_wrong(predictions: pd.DataFrame) -> pd.DataFrame:
    """Find the bins whose recorded count was thought least likely: the model's mistakes, or the records'."""
    likelihood = [row[f"p_{row['recorded_count']}"] for row in predictions.to_dict("records")]
    return predictions.assign(likelihood=likelihood).nsmallest(MOST_WRONG, "likelihood")


def _to_plain(results: Results, manifest: Manifest) -> dict[str, Any]:
    def tidy(numbers: Mapping[str, float]) -> dict[str, float | None]:
        return {name: number if math.isfinite(number) else None for name, number in numbers.items()}

    return {
        "best_epoch": results.best_epoch,
        "judged_split": results.split,
        "test": tidy(results.judged) if results.split == "test" else None,
        "val": tidy(
            {
                name.removeprefix("val/"): value
                for name, value in results.best_row.items()
                if name.startswith("val/")
            }
        ),
        "decodings": {
            decoding: tidy({metric: results.judged[name] for metric, name in names.items()})
            for decoding, names in name_decoded().items()
        },
        "baselines": {"majority": tidy(results.majority), "prior": tidy(results.prior)},
        "majority_count": results.majority_count,
        "confusion": results.tally.confusion.int().tolist(),
        "bins": {status.value: bins for status, bins in manifest.count_statuses().items()},
    }


def _draw(config: TrainConfig, folder: RunFolder, results: Results) -> None:
    plot_learning_curves(results.history, folder.plots / "learning_curves.png", results.best_epoch)
    plots, split = folder.plots, results.split
    plot_confusion(results.tally.confusion, config.data.min_count, plots / "confusion_matrix.png", split)
    plot_reliability(results.tally, plots / "reliability.png", split)
    _draw_most_wrong(config, folder, results)


def _draw_most_wrong(config: TrainConfig, folder: RunFolder, results: Results) -> None:
    source = build_source(config.source)
    photos, captions = [], []
    for row in results.most_wrong.to_dict("records"):
        photos.append(Image.open(io.BytesIO(source.read_photo(row["bin_id"]))).convert("RGB"))
        captions.append(
            f"{row['bin_id']}\nrecord {row['recorded_count']}, predicted {row['predicted_count']}\n"
            f"P(record) = {row['likelihood']:.1%}"
        )
    title = f"The {len(photos)} {results.split} bins whose recorded count the model thinks least likely"
    draw_photo_sheet(photos, captions, folder.plots / "most_wrong.png", title=title)


def _show(console: Console, config: TrainConfig, folder: RunFolder, results: Results) -> None:
    columns = {
        heading: {name: metrics[name] for name in MAIN_METRICS if name in metrics}
        for heading, metrics in (
            ("this run", results.judged),
            (f"majority ({results.majority_count})", results.majority),
            ("prior", results.prior),
        )
    }
    bins = int(results.tally.confusion.sum())
    chosen = f"epoch {results.best_epoch} of {len(results.history)} (best {config.monitor})"
    by_count = per_count_table(results.tally, config.data.min_count, f"{results.split}, by recorded count")
    console.print(by_count)
    console.print(metrics_table(columns, f"{results.split}, {bins} bins, {chosen}"))
    console.print(decodings_table(results.judged, f"{results.split}, by the count that is taken"))
    if results.split == "val":
        console.print(
            f"data.split={config.data.split} keeps no test bins: the epoch was chosen by these same bins"
        )
    console.print(f"run folder: {folder.path}")
    console.print(f"plots:      {folder.plots}")
