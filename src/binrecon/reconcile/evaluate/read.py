"""From a run folder to the bins that an evaluation judges."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from yaml import YAMLError

from binrecon.calibration import Calibration
from binrecon.compare.read import read_predictions
from binrecon.compare.scores import Predictions
from binrecon.errors import BinreconError, CheckpointError
from binrecon.reconcile.evaluate.judged import JudgedBins
from binrecon.training.run_folder import RunFolder


class JudgedRun(NamedTuple):
    """The predictions of a run, ready to be scored.

    Attributes:
        bins: Its test bins.
        calibration: Of its counter.
        notes: What has to be said of the bins.
    """

    bins: JudgedBins
    calibration: Calibration
    notes: list[str]


def read_judged_run(path: Path) -> JudgedRun:
    """Read the predictions of a run and calibrate them.

    Args:
        path: Of the run folder; no photo is needed.

    Raises:
        CheckpointError: If it is not the folder of a finished run, or its files contradict each other.
        CalibrationError: If it has no calibration.
    """
    folder = RunFolder(path)
    missing = [
        file.name for file in (folder.config, folder.manifest, folder.predictions) if not file.exists()
    ]
    if missing:
        raise CheckpointError(
            f"checkpoint: '{path}' is not the folder of a finished run, without {' and '.join(missing)}; "
            "give the path that the run printed at its end, as outputs/train/DATE_TIME"
        )
    calibration = folder.require_calibration()
    try:
        data = folder.read_config().data
        predictions = read_predictions(folder.predictions, range(data.min_count, data.max_count + 1))
        items, split = _look_up(folder, predictions)
    except (BinreconError, OSError, ValueError, KeyError, TypeError, YAMLError) as error:
        raise CheckpointError(f"checkpoint: the run '{path}' cannot be read: {error}") from error
    if len(calibration.scale) != predictions.probabilities.shape[1]:
        raise CheckpointError(
            f"checkpoint: the calibration of '{path}' is of {len(calibration.scale)} counts, its predictions "
            f"are of {predictions.probabilities.shape[1]}; make it anew with: binrecon calibrate {path}"
        )
    return _judge(predictions, calibration, items, split)


def _look_up(folder: RunFolder, predictions: Predictions) -> tuple[list[list[int]] | None, str]:
    """Return the quantities of the bins' items, None if some are unknown, and the split of the bins."""
    columns = ["bin_id", "items", "split"]
    rows = folder.read_manifest().table.select(columns).to_pandas().set_index("bin_id")
    rows = rows.loc[list(predictions.bin_ids)]
    items = [None if kinds is None else [int(kind["quantity"]) for kind in kinds] for kinds in rows["items"]]
    known = [quantities for quantities in items if quantities is not None]
    return (known if len(known) == len(items) else None), str(rows["split"].iloc[0])


def _judge(
    predictions: Predictions, calibration: Calibration, items: list[list[int]] | None, split: str
) -> JudgedRun:
    """Calibrate what was predicted, leave out what cannot be judged, and say so."""
    recorded = predictions.recorded - predictions.min_count
    kept = np.flatnonzero(calibration.is_trained[recorded])
    if not len(kept):
        raise CheckpointError("checkpoint: the counter was trained on none of the counts that are recorded")
    notes = []
    if len(kept) < len(recorded):
        notes.append(f"{len(recorded) - len(kept)} bins are left out: no training bin has their count.")
    if split != "test":
        notes.append(
            f"**These are {split} bins**: they have chosen the epoch and fitted the calibration, so all that "
            "follows is better than on bins that the counter has nothing to do with."
        )
    if items is None:
        notes.append("Items are not known: a SKU too many may then have any quantity.")
    log_probabilities = np.log(predictions.distribution[kept])
    bins = JudgedBins(
        log_probabilities,
        calibration.apply(log_probabilities),
        calibration.log_likelihood(log_probabilities),
        recorded[kept],
        predictions.min_count,
        None if items is None else [items[place] for place in kept.tolist()],
    )
    return JudgedRun(bins, calibration, notes)
