"""From a run's predictions to its calibration: fitted to validation bins, shown on test bins."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from binrecon.calibration import Calibration, count_sets, fit_calibration, write_calibration
from binrecon.calibration.arrays import LEAST_LOG, Floats, Ints
from binrecon.calibration.reliability import adaptive_ece, brier, classwise_ece
from binrecon.config.calibration_words import Method
from binrecon.config.schema import TrainConfig
from binrecon.config.split_words import Split
from binrecon.console import get_console
from binrecon.data.balance import expected_shares
from binrecon.manifest import CountRange, Manifest
from binrecon.metrics import scores, tally_batch
from binrecon.report.calibration import Calibrated, calibration_table, plot_calibration
from binrecon.training.predictions import read_prediction_table
from binrecon.training.run_folder import RunFolder
from binrecon.whole_file import write_whole

SHOWN_COVERAGE = 0.9
"""Share of bins that the count sets are to hold which are looked at after a calibration."""

HONEST_DRAWS = 20
"""Number of draws of counts from the probabilities, to know what errors chance alone makes."""


@dataclass(frozen=True)
class _Bins:
    """The predictions of a counter for the bins of a split."""

    split: Split
    log_probabilities: Floats
    recorded_counts: Ints


def calibrate_run(
    config: TrainConfig,
    folder: RunFolder,
    manifest: Manifest,
    method: Method,
    val_predictions: pd.DataFrame | None = None,
) -> None:
    """Fit a calibration to what a run predicted for its validation bins; keep it, draw it and show it.

    Where a published split keeps no test bins, those bins are also what the run is judged on. The calibration
    is then as good as elsewhere, but nothing shows how good: the numbers after it are of the bins it fits.

    Args:
        config: Of the run.
        folder: Of the run, with its predictions.
        manifest: Of the run.
        method: How.
        val_predictions: For the validation bins, where the run has kept none; they are kept with it then.

    Raises:
        CalibrationError: If no validation bin has a count that was trained; nothing is written then.
    """
    val, judged = _read_bins(config, folder, manifest, val_predictions)
    natural, seen = _find_shares(config, manifest)
    calibration = fit_calibration(
        val.log_probabilities,
        val.recorded_counts,
        min_count=config.data.min_count,
        train_shares=natural,
        method=method,
        seen_shares=seen,
    )
    columns = {
        f"{part.split} {when}": _score(log_probabilities, part.recorded_counts, config.data.min_count)
        for part in (val, *judged)
        for when, log_probabilities in _before_and_after(calibration, part).items()
    }
    columns["if honest"] = _score_if_honest(calibration, (*judged, val)[0])
    sets = {part.split: _look_at_sets(calibration, part) for part in judged}
    if val_predictions is not None:
        write_whole(folder.val_predictions, val_predictions.to_parquet(index=False))
    write_calibration(folder.calibration, calibration, {"scores": columns, "sets": sets})
    title = _describe(calibration)
    parts = [_to_draw(calibration, part) for part in (val, *judged)]
    plot_calibration(parts, title, folder.plots / "calibration.png")
    get_console().print(calibration_table(columns, title))
    _say_of_sets(config, sets)


def _read_bins(
    config: TrainConfig, folder: RunFolder, manifest: Manifest, val_predictions: pd.DataFrame | None
) -> tuple[_Bins, tuple[_Bins, ...]]:
    """Read what was predicted for the validation bins, and for the test bins where there are some."""

    def read(split: Split) -> _Bins:
        counts = CountRange.of(config.data).counts
        if split == manifest.judged_split:
            table = read_prediction_table(folder.predictions, counts)
        elif val_predictions is None:
            table = read_prediction_table(folder.val_predictions, counts)
        else:
            table = val_predictions
        columns = [f"p_{count}" for count in counts]
        probabilities = table[columns].to_numpy(np.float64)
        log_probabilities = np.log(np.maximum(probabilities, np.exp(LEAST_LOG)))
        return _Bins(split, log_probabilities, table["recorded_count"].to_numpy(np.int64))

    return read("val"), (read("test"),) if manifest.judged_split == "test" else ()


def _find_shares(config: TrainConfig, manifest: Manifest) -> tuple[Floats, Floats | None]:
    """Return the shares of the training bins, and those that a balanced training took them for."""
    counts = CountRange.of(config.data)
    recorded = np.asarray(counts.label_counts(manifest.rows_of("train").recorded_counts), np.int64)
    bins = np.bincount(recorded - config.data.min_count, minlength=len(counts.counts)).astype(np.float64)
    if config.data.balance == "none":
        return bins / bins.sum(), None
    seen = expected_shares(config.data, torch.tensor(recorded))
    return bins / bins.sum(), seen.double().numpy()


def _before_and_after(calibration: Calibration, part: _Bins) -> dict[str, Floats]:
    return {"before": part.log_probabilities, "after": calibration.apply(part.log_probabilities)}


def _score(log_probabilities: Floats, recorded_counts: Ints, min_count: int) -> dict[str, float]:
    tallied = scores(tally_batch(torch.tensor(log_probabilities), torch.tensor(recorded_counts), min_count))
    probabilities, recorded = np.exp(log_probabilities), recorded_counts - min_count
    return {
        "nll": tallied["nll"],
        "ece": tallied["ece"],
        "adaptive_ece": adaptive_ece(probabilities, recorded),
        "classwise_ece": classwise_ece(probabilities, recorded),
        "brier": brier(probabilities, recorded),
    }


def _score_if_honest(calibration: Calibration, part: _Bins) -> dict[str, float]:
    """Return the scores of bins, on average, whose counts are drawn from what is said of them.

    So many bins never agree with their probabilities to the last one: a calibration error of a few hundred
    honest ones is well above 0.
    """
    after = calibration.apply(part.log_probabilities)
    cumulative = np.exp(after).cumsum(axis=1)
    generator = np.random.default_rng(0)
    drawn = []
    for _ in range(HONEST_DRAWS):
        below = (cumulative < generator.random((len(after), 1))).sum(axis=1)
        counts = np.minimum(below, after.shape[1] - 1) + calibration.min_count
        drawn.append(_score(after, counts, calibration.min_count))
    return {name: float(np.mean([scored[name] for scored in drawn])) for name in drawn[0]}


def _look_at_sets(calibration: Calibration, part: _Bins) -> dict[str, float]:
    """Return how often count sets hold the recorded count, and how large they are."""
    sets = count_sets(calibration.apply(part.log_probabilities), calibration, SHOWN_COVERAGE)
    recorded = part.recorded_counts - calibration.min_count
    return {
        "coverage": SHOWN_COVERAGE,
        "covered": float(sets[np.arange(len(sets)), recorded].mean()),
        "mean_size": float(sets.sum(axis=1).mean()),
        "bins": len(sets),
    }


def _to_draw(calibration: Calibration, part: _Bins) -> Calibrated:
    before, after = (np.exp(values) for values in _before_and_after(calibration, part).values())
    name = f"{part.split}, {len(before):,} bins"
    return Calibrated(name, before, after, part.recorded_counts - calibration.min_count)


def _describe(calibration: Calibration) -> str:
    temperature = calibration.temperature
    how = f"temperature {temperature:.2f}" if calibration.method == "temperature" else calibration.method
    return f"calibration: {how}, fitted to {calibration.bins:,} validation bins"


def _say_of_sets(config: TrainConfig, sets: Mapping[Split, Mapping[str, float]]) -> None:
    console = get_console()
    for split, found in sets.items():
        console.print(
            f"count sets for {found['coverage']:.0%}: {found['covered']:.1%} of {found['bins']:,.0f} {split} "
            f"bins lie in theirs, of {found['mean_size']:.1f} counts on average",
            highlight=False,
        )
    if not sets:
        console.print(
            f"data.split={config.data.split} keeps no test bins: the calibration was fitted to the bins that "
            "it is shown on, and chose their epoch; how good it is elsewhere is not known",
            highlight=False,
        )
