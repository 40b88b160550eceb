"""Checkpoints that are whole or absent, and that hold tensors and plain values only."""

import os
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from binrecon.errors import CheckpointError
from binrecon.models import BinCounter, build_counter
from binrecon.whole_file import drafting

_COUNTER_PREFIX = "counter."
_FROZEN_PREFIX = f"{_COUNTER_PREFIX}backbone."
_FROZEN_FILE = "backbone.ckpt"


def write_checkpoint(checkpoint: Mapping[str, Any], place: Path) -> None:
    """Write a checkpoint beside its place, then move it there: a crash or full disk leaves the old one.

    Raises:
        CheckpointError: If it cannot be written; what stood at `place` stands there still.
    """
    try:
        with drafting(place) as draft, draft.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
    except (OSError, RuntimeError) as error:  # torch wraps a failed write in RuntimeError
        kept = "the previous one is still there" if place.exists() else "none was there before"
        raise CheckpointError(
            f"the checkpoint '{place}' could not be written ({_first_line(error)}); {kept}. "
            "Free some space, then go on with resume=RUN_FOLDER"
        ) from error


def read_checkpoint(path: Path, *, for_facts: bool = False) -> dict[str, Any]:
    """Read a checkpoint without running anything that may hide in it.

    Args:
        path: The file.
        for_facts: Whether its tensors may stay in the file until somebody looks at one, since only what
            stands beside them is wanted.

    Raises:
        CheckpointError: If it is no checkpoint of binrecon's, is incomplete, or holds more than tensors and
            plain values.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # torch's doubts about a pickle that it then refuses
            checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=for_facts)
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
        write_checkpoint(state, path)


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
        write_checkpoint(checkpoint, path)


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
    kept = read_checkpoint(path, for_facts=True)["hyper_parameters"]
    differing = [
        difference
        for group, ours in facts.items()
        for difference in list_differences(kept.get(group, {}), ours)
    ]
    if differing:
        raise CheckpointError(
            f"'{path}' holds another model ({'; '.join(differing)}); "
            "resume with the model, range of counts and regime it was trained with"
        )


def list_differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """List the values of a checkpoint that are others now, for an error.

    >>> list_differences({"seed": 1, "max_count": 5}, {"seed": 2, "max_count": 5})
    ['seed: 1 there, 2 here']
    """
    return [
        f"{key}: {there.get(key)} there, {here.get(key)} here"
        for key in dict.fromkeys([*here, *there])
        if there.get(key) != here.get(key)
    ]


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
