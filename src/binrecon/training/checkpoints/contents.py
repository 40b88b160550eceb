"""Checks of a checkpoint's content; a foreign or damaged one is refused before anything is built from it."""

import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from binrecon.config.options import LIMITS, Limits
from binrecon.config.pooling_words import POOLING_WORDS
from binrecon.errors import BinreconError, CheckpointError, ConfigError
from binrecon.models import BinCounter, build_counter
from binrecon.models.heads.build import read_head_config
from binrecon.models.tensors import describe_faulty_tensor, list_misfits
from binrecon.training.run_contents import is_number, is_whole

_NAMED_FAULTS = 3


def check_layout(path: Path, checkpoint: Mapping[str, Any]) -> None:
    """Check what stands in a checkpoint beside its tensors.

    Raises:
        CheckpointError: If it is none of binrecon's, or a part of it is of another type.
    """
    hyper_parameters = checkpoint.get("hyper_parameters")
    if not isinstance(hyper_parameters, dict) or "counter" not in hyper_parameters:
        raise CheckpointError(f"'{path}' is not a checkpoint of binrecon; give the folder of one of its runs")
    faults = [
        f"{key}: must be {allowed}, got {type(checkpoint[key]).__name__}"
        for key, kind, allowed in (("state_dict", dict, "a dict"), ("callbacks", dict, "a dict"))
        if key in checkpoint and not isinstance(checkpoint[key], kind)
    ]
    epoch = checkpoint.get("epoch", 0)
    if not (is_whole(epoch) and epoch >= 0):
        faults.append(f"epoch: must be a whole number, at least 0, got {epoch!r}")
    refuse(path, faults)


def refuse(path: Path, faults: list[str]) -> None:
    """Refuse a checkpoint that has faults.

    Raises:
        CheckpointError: With the first of them; if there are none, nothing happens.
    """
    if faults:
        more = f"; and {len(faults) - _NAMED_FAULTS} more" if len(faults) > _NAMED_FAULTS else ""
        raise CheckpointError(
            f"'{path}' holds no counter that can be used ({'; '.join(faults[:_NAMED_FAULTS])}{more}); "
            "put back a copy of it, or delete its run and train again"
        )


def read_epochs(path: Path, checkpoint: Mapping[str, Any]) -> list[dict[str, float]]:
    """Return the metrics of each epoch that a checkpoint keeps.

    Raises:
        CheckpointError: If it keeps none, or no numbers.
    """
    history = checkpoint.get("callbacks", {}).get("EpochHistory")
    rows = history.get("rows") if isinstance(history, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "epoch" in row for row in rows):
        raise CheckpointError(f"'{path}' has no history of epochs; put back a copy of it")
    return rows


def build_for_state(path: Path, facts: object, state: Mapping[str, Any]) -> BinCounter:
    """Build the counter that a state dict is of, after a look at both: nothing is as large as a file claims.

    Args:
        path: Of the checkpoint, for messages.
        facts: What `build_counter` is called with, besides weights and seed.
        state: The tensors, by their names in the counter.

    Returns:
        A counter that `state` fits.

    Raises:
        CheckpointError: If something is out of range, missing, misshapen, not finite or no plain tensor.
    """
    refuse(path, list(_list_facts(facts)))
    assert isinstance(facts, dict)  # noqa: S101  # as was just found
    refuse(path, [fault for item in state.items() if (fault := describe_faulty_tensor(*item)) is not None])
    refuse(path, list(_list_sizes(facts, state)))
    try:
        counter = build_counter(**{**facts, "weights": "random"})
    except (BinreconError, RuntimeError, ValueError) as error:
        refuse(path, [" ".join(str(error).split())])
        raise
    slots = counter.state_dict()
    missing, unknown = sorted(slots.keys() - state.keys()), sorted(state.keys() - slots.keys())
    refuse(path, [f"'{name}' is missing" for name in missing] + [f"'{name}' is unknown" for name in unknown])
    refuse(path, list_misfits(state, slots))
    return counter


def _list_facts(facts: object) -> Iterator[str]:
    """List what is wrong with the values that a counter is built from."""
    if not isinstance(facts, dict):
        yield f"counter: must be a dict, got {type(facts).__name__}"
        return
    allowed = inspect.signature(build_counter).parameters
    if unknown := [key for key in facts if key not in allowed]:
        yield f"counter: unknown keys {', '.join(map(repr, unknown))}"
    if not isinstance(facts.get("backbone"), str):
        yield f"counter.backbone: must be timm's name of a network, got {facts.get('backbone')!r}"
    low, high = facts.get("min_count"), facts.get("max_count")
    if not (is_whole(low) and is_whole(high) and 0 <= low < high):  # type: ignore[operator]  # whole numbers by then
        yield f"counter: must have 0 <= min_count < max_count, got {low!r} and {high!r}"
    if not isinstance(facts.get("is_frozen", True), bool):
        yield f"counter.is_frozen: must be True or False, got {facts['is_frozen']!r}"
    if facts.get("pooling", POOLING_WORDS[0]) not in POOLING_WORDS:
        yield f"counter.pooling: {facts['pooling']!r} is none of {', '.join(POOLING_WORDS)}"
    if "head" in facts:
        yield from _list_head(facts["head"])


def _list_head(values: object) -> Iterator[str]:
    if not isinstance(values, dict):
        yield f"counter.head: is no head, got {type(values).__name__}"
        return
    try:
        head = read_head_config(values)
    except ConfigError as error:
        yield f"counter.head: is no head ({'; '.join(error.problems)})"
        return
    for field in dataclasses.fields(head):
        if not _is_allowed(field, value := getattr(head, field.name)):
            yield f"counter.head.{field.name}: is out of range, got {value!r}"


def _is_allowed(field: "dataclasses.Field[Any]", value: object) -> bool:
    """Compare a value with the type and the limits of its field."""
    of_types: dict[object, bool] = {
        bool: isinstance(value, bool),
        int: is_whole(value),
        float: is_number(value),
    }
    is_of_type = of_types.get(field.type, isinstance(value, str))
    limits = field.metadata.get(LIMITS, Limits())
    return bool(is_of_type) and (isinstance(value, str | bool) or limits.find_problem(value) is None)


def _list_sizes(facts: Mapping[str, Any], state: Mapping[str, Tensor]) -> Iterator[str]:
    """List sizes that are larger than any tensor that they would be of."""
    head = (tensor.shape for name, tensor in state.items() if name.startswith("head."))
    largest = max((size for shape in head for size in shape), default=0)
    classes = facts["max_count"] - facts["min_count"] + 1
    if classes > largest + 2:  # an ordinal head has up to two values fewer than counts
        yield f"counter.max_count: {classes:,} counts, but no tensor of the head has so many values"
    for name, size in facts.get("head", {}).items():
        if is_whole(size) and size > largest:
            yield f"counter.head.{name}: {size:,}, but no tensor of the head has so many values"
