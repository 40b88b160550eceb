"""Checkpoints that are whole or absent, and that hold tensors and plain values only."""

import os
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO
from torch import Tensor

from binrecon.errors import CheckpointError
from binrecon.models import BinCounter, build_counter

_COUNTER_PREFIX = "counter."
_FROZEN_PREFIX = f"{_COUNTER_PREFIX}backbone."
_FROZEN_FILE = "backbone.ckpt"


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint beside its place, then moves it there: a crash or full disk leaves the old one."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: object = None
    ) -> None:
        """Write a checkpoint.

        Raises:
            CheckpointError: If it cannot be written; what stood at `path` stands there still.
        """
        place = Path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_name(f".{place.name}.{os.getpid()}.part")
        try:
            with unfinished.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(place)
        except (OSError, RuntimeError) as error:  # torch wraps a failed write in RuntimeError
            unfinished.unlink(missing_ok=True)
            kept = "the previous one is still there" if place.exists() else "none was there before"
            raise CheckpointError(
                f"the checkpoint '{place}' could not be written ({_first_line(error)}); {kept}. "
                "Free some space, then go on with resume=RUN_FOLDER"
            ) from error


class MovableCheckpoint(ModelCheckpoint):
    """Knows the best checkpoint so far in a moved folder too, where Lightning would forget its score."""

    @property
    def state_key(self) -> str:
        """Return the name that its state has in checkpoints: that of Lightning's own class."""
        return super().state_key.replace(type(self).__qualname__, ModelCheckpoint.__qualname__, 1)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what was so far, with its files where they are now."""
        before, now = str(state_dict["dirpath"]), str(self.dirpath)

        def move(value: object) -> object:
            if isinstance(value, dict):
                return {move(key): score for key, score in value.items()}
            return (
                now + value.removeprefix(before)
                if isinstance(value, str) and value.startswith(before)
                else value
            )

        super().load_state_dict({key: move(value) for key, value in state_dict.items()})


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint without running anything that may hide in it.

    Raises:
        CheckpointError: If it is no checkpoint of binrecon's, is incomplete, or holds more than tensors and
            plain values.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # torch's doubts about a pickle that it then refuses
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"'{path}' was refused: it is damaged, or holds objects that could run code when loaded; "
            "a checkpoint of binrecon holds tensors and plain values only"
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"'{path}' cannot be read as a checkpoint ({_first_line(error)}); it may be cut short. "
            "Use another one, or start anew without resume"
        ) from error
    if not isinstance(checkpoint, dict) or "counter" not in checkpoint.get("hyper_parameters", {}):
        raise CheckpointError(f"'{path}' is not a checkpoint of binrecon; give the folder of one of its runs")
    return checkpoint


def write_frozen_part(folder: Path, counter: BinCounter) -> None:
    """Write a frozen backbone beside the checkpoints of a run, once, so that none has to hold it.

    Raises:
        CheckpointError: If it cannot be written.
    """
    path = folder / _FROZEN_FILE
    if counter.backbone.is_frozen and not path.exists():
        state = {f"{_FROZEN_PREFIX}{name}": part for name, part in counter.backbone.state_dict().items()}
        AtomicCheckpointIO().save_checkpoint(state, path)


def drop_frozen_part(checkpoint: dict[str, Any]) -> None:
    """Take the backbone out of a checkpoint, in place."""
    checkpoint["state_dict"] = {
        name: part for name, part in checkpoint["state_dict"].items() if not name.startswith(_FROZEN_PREFIX)
    }


def add_frozen_part(checkpoint: dict[str, Any], state: Mapping[str, Tensor]) -> None:
    """Put into a checkpoint, in place, what it has not of a module's backbone."""
    frozen = {name: part for name, part in state.items() if name.startswith(_FROZEN_PREFIX)}
    checkpoint["state_dict"] = {**frozen, **checkpoint["state_dict"]}


def complete_checkpoint(path: Path) -> None:
    """Make a checkpoint whole in itself, so that it may leave its folder.

    Raises:
        CheckpointError: If it cannot be read or written.
    """
    checkpoint = read_checkpoint(path)
    frozen_path = path.with_name(_FROZEN_FILE)
    if frozen_path.exists():
        add_frozen_part(checkpoint, _read_frozen_part(frozen_path))
        AtomicCheckpointIO().save_checkpoint(checkpoint, path)


def _read_frozen_part(path: Path) -> dict[str, Tensor]:
    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"the frozen backbone '{path}' cannot be read ({_first_line(error)}); "
            "the checkpoints beside it need it: start anew without resume"
        ) from error


def check_same_model(path: Path, facts: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse to go on from a checkpoint of another model, or of one that was trained in another way.

    Args:
        path: The checkpoint.
        facts: What is kept with a checkpoint and must not change: `counter`, what `build_counter` would be
            called with now, and `regime`.

    Raises:
        CheckpointError: If it cannot be read, or was trained with other values.
    """
    kept = read_checkpoint(path)["hyper_parameters"]
    differing = [
        f"{key}: {theirs.get(key)} there, {ours.get(key)} here"
        for group, ours in facts.items()
        for theirs in [kept.get(group, {})]
        for key in dict.fromkeys([*ours, *theirs])
        if theirs.get(key) != ours.get(key)
    ]
    if differing:
        raise CheckpointError(
            f"'{path}' holds another model ({'; '.join(differing)}); "
            "resume with the model, range of counts and regime it was trained with"
        )


def load_counter(path: Path) -> BinCounter:
    """Build the counter that a checkpoint holds, ready to predict.

    Nothing else is needed, except that while a run with a frozen backbone goes on, and for its `last.ckpt`,
    the backbone lies in a file beside it.

    Raises:
        CheckpointError: If it cannot be read.
    """
    checkpoint = read_checkpoint(path)
    if not any(name.startswith(_FROZEN_PREFIX) for name in checkpoint["state_dict"]):
        add_frozen_part(checkpoint, _read_frozen_part(path.with_name(_FROZEN_FILE)))
    counter = build_counter(**{**checkpoint["hyper_parameters"]["counter"], "weights": "random"})
    state = {
        key.removeprefix(_COUNTER_PREFIX): tensor
        for key, tensor in checkpoint["state_dict"].items()
        if key.startswith(_COUNTER_PREFIX)
    }
    counter.load_state_dict(state)
    return counter.eval()


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
