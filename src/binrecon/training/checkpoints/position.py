"""Position of a run in its training: after an epoch, or within one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from binrecon.checksums import is_there
from binrecon.config.run_keys import SEED_KEY, covers, list_settings
from binrecon.config.schema import TrainConfig
from binrecon.errors import CheckpointError
from binrecon.training.checkpoints.contents import refuse
from binrecon.training.checkpoints.files import list_differences, read_checkpoint
from binrecon.training.run_contents import is_whole

STATE_KEY = "CheckpointWithinEpoch"
"""Under which a checkpoint, among the states of callbacks, says where within an epoch it was written."""

_OF_AN_EPOCH = (SEED_KEY, "data", "features.name", "trainer.accumulate", "trainer.ema_decay")
"""Keys and groups that say which batches an epoch has and how they are given out."""

_OF_NO_BATCH = ("data.workers", "data.lists_dir")


@dataclass(frozen=True)
class Position:
    """The position that a run is resumed from.

    Attributes:
        epoch: Counted from 0.
        turn: Parts of batches of that epoch that were trained on; 0 before the first.
        step: Steps of the optimizer that these made.
        steps: Those of the whole epoch; 0 between two epochs.
    """

    epoch: int = 0
    turn: int = 0
    step: int = 0
    steps: int = 0

    def __str__(self) -> str:
        """Say how far the training went.

        >>> print(Position(epoch=2), Position(epoch=2, turn=8, step=4, steps=5), sep="; ")
        epoch 2; epoch 3 up to step 4 of 5
        """
        if self.steps == 0:
            return f"epoch {self.epoch}"
        return f"epoch {self.epoch + 1} up to step {self.step} of {self.steps}"


def read_position(path: Path) -> Position:
    """Read where training goes on: at the beginning if there is no checkpoint.

    Raises:
        CheckpointError: If it cannot be read.
    """
    if not is_there(path):
        return Position()
    return position_of(path, read_training_state(path))


def position_of(path: Path, checkpoint: Mapping[str, Any]) -> Position:
    """Return where training goes on from a checkpoint.

    Raises:
        CheckpointError: If what it says of that is damaged.
    """
    epoch, within = checkpoint["epoch"], _read_state(path, checkpoint)
    if not within:
        return Position(epoch + 1)
    return Position(epoch, *(within[key] for key in ("turn", "step", "steps")))


def check_same_epoch(path: Path, config: TrainConfig) -> None:
    """Make sure that a run has no epoch too many, and that one that was begun goes on with its batches.

    Args:
        path: The checkpoint that a run goes on from.
        config: What it goes on with.

    Raises:
        CheckpointError: If it cannot be read, its epoch was begun with other settings, or is one too many.
    """
    checkpoint = read_training_state(path)
    within = _read_state(path, checkpoint)
    if checkpoint["epoch"] >= config.trainer.max_epochs:
        epoch = checkpoint["epoch"] + 1
        place = "within" if within else "after"
        raise CheckpointError(
            f"'{path}' was written {place} epoch {epoch}, got trainer.max_epochs="
            f"{config.trainer.max_epochs}; give at least {epoch}"
        )
    if not within:
        return
    if differing := list_differences(within["settings"], settings_of_epoch(config)):
        raise CheckpointError(
            f"'{path}' was written within an epoch that began with other words ({'; '.join(differing)}); "
            "go on with those it began with"
        )


def settings_of_epoch(config: TrainConfig) -> dict[str, Any]:
    """Return what says which batches an epoch has, by dotted key."""
    return {
        key: value
        for key, value in list_settings(config).items()
        if covers(_OF_AN_EPOCH, key) and key not in _OF_NO_BATCH
    }


def read_training_state(path: Path) -> dict[str, Any]:
    """Read a checkpoint for what stands beside its tensors.

    Raises:
        CheckpointError: If it cannot be read, or lacks the epoch or the states of callbacks.
    """
    checkpoint = read_checkpoint(path, for_facts=True)
    refuse(path, [f"{key}: is missing" for key in ("epoch", "callbacks") if key not in checkpoint])
    return checkpoint


def _read_state(path: Path, checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of the epoch that a checkpoint was written in; empty between two epochs."""
    state = checkpoint["callbacks"].get(STATE_KEY, {})
    if not isinstance(state, dict):
        refuse(path, [f"{STATE_KEY}: must be a dict, got {type(state).__name__}"])
    if state:
        numbers = [key for key in ("turn", "step", "steps") if not is_whole(state.get(key))]
        refuse(
            path, [f"{STATE_KEY}.{key}: must be a whole number, got {state.get(key)!r}" for key in numbers]
        )
        has_settings = isinstance(state.get("settings"), dict)
        refuse(path, [] if has_settings else [f"{STATE_KEY}: must have settings"])
    return dict(state)
