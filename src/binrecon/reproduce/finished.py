"""A finished run, with the numbers that a published row needs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from binrecon.checksums import is_there
from binrecon.compare.read import Run, read_history, read_predictions, read_run
from binrecon.compare.scores import Predictions
from binrecon.config.split_words import Split
from binrecon.manifest.coverage import Coverage
from binrecon.training.run_folder import RunFolder


@dataclass(frozen=True)
class FinishedRun:
    """One seed of a row.

    Attributes:
        run: The run as `compare` reads it.
        coverage: Bins that it had of a split.
        predictions: Predictions for the val and the test bins, as far as they were written.
        train_accuracy: Training accuracy of the best epoch; NaN if it is unknown.
        epochs: Epochs trained.
    """

    run: Run
    coverage: Coverage
    predictions: Mapping[Split, Predictions]
    train_accuracy: float
    epochs: int


def read_finished(folder: RunFolder) -> FinishedRun:
    """Read a run that has ended.

    Raises:
        ComparisonError: If its files are missing or contradict each other.
        ConfigError: If another version wrote its configuration.
    """
    run = read_run(folder.path)
    predictions = {_as_split(run.judged.judged_split): run.predictions}
    if is_there(folder.val_predictions):
        counts = range(int(run.settings["data.min_count"]), int(run.settings["data.max_count"]) + 1)
        predictions["val"] = read_predictions(folder.val_predictions, counts)
    history = read_history(run).set_index("epoch")
    return FinishedRun(
        run=run,
        coverage=Coverage(**folder.read_fact("split")),
        predictions=predictions,
        train_accuracy=float(history["train/accuracy"].get(run.best_epoch, math.nan)),
        epochs=len(history),
    )


def _as_split(name: str) -> Split:
    return "test" if name == "test" else "val"
