"""The end of a run's training and its reason, read from the last checkpoint."""

from pathlib import Path
from typing import Literal, NamedTuple

from binrecon.checksums import is_there
from binrecon.config.metric_names import monitor_mode
from binrecon.config.schema import TrainConfig
from binrecon.errors import CheckpointError
from binrecon.training.checkpoints.contents import read_epochs
from binrecon.training.checkpoints.position import position_of, read_training_state
from binrecon.training.early_stopping import find_stop

Reason = Literal["max_epochs", "early_stopping", "pruned"]


class Ended(NamedTuple):
    """The end of a training.

    Attributes:
        reason: What ended it.
        epoch: The last epoch, counted from 1.
    """

    reason: Reason
    epoch: int

    def describe(self, config: TrainConfig) -> str:
        """Say what ended the training.

        >>> Ended("max_epochs", 4).describe(TrainConfig())
        'after epoch 4 (trainer.max_epochs)'
        """
        patience = config.callbacks.early_stopping_patience
        is_early = self.reason == "early_stopping"
        key = f"callbacks.early_stopping_patience={patience}" if is_early else "trainer.max_epochs"
        return f"after epoch {self.epoch} ({key})"


def find_end(path: Path, config: TrainConfig) -> Ended | None:
    """Find out whether the training that a checkpoint belongs to has ended under a configuration.

    Args:
        path: The checkpoint of the last epoch.
        config: Of the run as it is resumed.

    Returns:
        The end; None if epochs are left, or no checkpoint was written yet.

    Raises:
        CheckpointError: If it cannot be read, or early stopping would have ended the run before it.
    """
    if not is_there(path):
        return None
    checkpoint = read_training_state(path)
    position, patience = position_of(path, checkpoint), config.callbacks.early_stopping_patience
    values = [row[config.monitor] for row in read_epochs(path, checkpoint)]
    stop = find_stop(values, monitor_mode(config.monitor), patience)
    if stop is not None and (stop < len(values) or position.steps):
        raise CheckpointError(
            f"callbacks.early_stopping_patience: {patience} would have ended the run after epoch {stop}, and "
            f"'{path}' holds {position}; resume with a larger one or null, or start anew in another folder"
        )
    if stop is not None:
        return Ended("early_stopping", stop)
    return Ended("max_epochs", position.epoch) if position.epoch >= config.trainer.max_epochs else None
