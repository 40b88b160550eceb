"""Early stopping as a function of the epochs so far: a resumed run stops where an unbroken one does."""

import math
from collections.abc import Sequence

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from binrecon.training.callbacks import EpochHistory


def find_stop(values: Sequence[float], mode: str, patience: int | None) -> int | None:
    """Find the epoch after which early stopping ends a training.

    >>> find_stop([0.5, 0.4, 0.4, 0.6, 0.3], "min", patience=2)
    4

    Args:
        values: Of the watched metric, one for each epoch.
        mode: `min` or `max`: which values are better.
        patience: Epochs in a row without a better value that end the training; None never ends it.

    Returns:
        The epoch, counted from 1: the first with a value that is no number, or the last of so many without a
        better one. None if there is none.
    """
    if patience is None:
        return None
    best, waited = math.inf, 0
    for epoch, value in enumerate(values, start=1):
        cost = value if mode == "min" else -value
        if not math.isfinite(cost):
            return epoch
        best, waited = (cost, 0) if cost < best else (best, waited + 1)
        if waited >= patience:
            return epoch
    return None


class StopEarly(Callback):
    """Ends the training after epochs without a better value.

    It has no state of its own: the history of epochs is in every checkpoint.

    Args:
        history: Of the run.
        monitor: The watched metric.
        mode: `min` or `max`: which values are better.
        patience: Epochs in a row without a better value.
    """

    def __init__(self, history: EpochHistory, monitor: str, mode: str, patience: int) -> None:
        self.history = history
        self.monitor = monitor
        self.mode = mode
        self.patience = patience

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """End the training if it is time; all processes do so if one does."""
        values = [row[self.monitor] for row in self.history.rows]
        is_time = find_stop(values, self.mode, self.patience) is not None
        if trainer.strategy.reduce_boolean_decision(is_time, all=False):
            trainer.should_stop = True
