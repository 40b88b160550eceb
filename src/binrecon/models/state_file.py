"""Files with the weights of a backbone, as others write them, read as plain tensors."""

import os
import pickle
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from binrecon.errors import WeightsError
from binrecon.models.tensors import describe_faulty_tensor
from binrecon.regular_file import open_regular

WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model")
"""Keys under which training programs keep a state dict beside other things."""

PREFIXES = ("module", "_orig_mod", "model", "counter", "backbone", "encoder", "net")
"""Prefixes of the backbone's tensors in networks that contain it."""

_MAX_BYTES = 32 * 2**30
_NAMED_FAULTS = 3


def read_state(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a file; what else a training program keeps beside them is left out.

    Args:
        path: A `.safetensors` file, or what `torch.save` wrote.

    Raises:
        WeightsError: If it is no such file, or holds anything but plain, dense tensors by name.
    """
    _check_size(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # torch's doubts about what is refused below
            content = _load(path)
    except Exception as error:  # torch and safetensors raise errors of many families for a bad file
        more = (
            "it is damaged, or holds objects that could run code when loaded; "
            if isinstance(error, pickle.UnpicklingError)
            else ""
        )
        raise WeightsError(
            f"model.weights: '{path}' cannot be read as a state dict ({type(error).__name__}); {more}"
            "it must be a .safetensors file or a plain dict of tensors saved by torch.save"
        ) from error
    state = _take_out(path, content)
    faults = [fault for item in state.items() if (fault := describe_faulty_tensor(*item)) is not None]
    if faults or not state:
        named = "; ".join(faults[:_NAMED_FAULTS]) or "it is empty"
        more = f"; and {len(faults) - _NAMED_FAULTS} more" if len(faults) > _NAMED_FAULTS else ""
        raise WeightsError(
            f"model.weights: '{path}' holds no plain dict of tensors ({named}{more}); save the backbone's "
            "state_dict() alone"
        )
    return cast(dict[str, Tensor], state)


def strip_prefix(state: Mapping[str, Tensor], wanted: Iterable[str]) -> tuple[dict[str, Tensor], str]:
    """Give tensors of a network that holds a backbone the names that they have in the backbone.

    Args:
        state: By their names in that network.
        wanted: Names in the backbone.

    Returns:
        The tensors below the prefix, and the prefix: empty if names are as wanted, or no prefix is clear.

    >>> strip_prefix({"module.fc.bias": torch.zeros(1)}, ["fc.bias"])
    ({'fc.bias': tensor([0.])}, 'module.')
    """
    names = list(wanted)
    if state.keys() & set(names):
        return dict(state), ""
    found = {
        name.removesuffix(name_in_backbone)
        for name_in_backbone in names
        for name in state
        if name.endswith(f".{name_in_backbone}")
    }
    clear = [prefix for prefix in found if all(word in PREFIXES for word in prefix.split(".")[:-1])]
    if len(clear) != 1:
        return dict(state), ""
    prefix = clear[0]
    return {
        name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)
    }, prefix


def _check_size(path: Path) -> None:
    """Refuse what is no file, such as a pipe that would be waited for, or larger than any backbone."""
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise WeightsError(
            f"model.weights: '{path}' cannot be read ({error.strerror}); give the path of a state dict, "
            "or imagenet, or random"
        ) from error
    except ValueError as error:  # a path that no system can have
        raise WeightsError(f"model.weights: {str(path)!r} is no path ({error})") from error
    if size > _MAX_BYTES:
        raise WeightsError(
            f"model.weights: '{path}' has {size:,} bytes, and at most {_MAX_BYTES:,} are read; "
            "save the backbone's state_dict() alone"
        )


def _load(path: Path) -> object:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    content: object = torch.load(path, map_location="cpu", weights_only=True)
    return content


def _take_out(path: Path, content: object) -> dict[object, object]:
    """Return the state dict that a file holds, which may lie below one of the usual keys."""
    if not isinstance(content, Mapping):
        raise WeightsError(
            f"model.weights: '{path}' holds no plain dict of tensors but a {type(content).__name__}; save "
            "the backbone's state_dict() alone"
        )
    inside = [key for key in WRAPPERS if isinstance(content.get(key), Mapping)]
    if len(inside) > 1:
        raise WeightsError(
            f"model.weights: '{path}' holds several state dicts ({', '.join(inside)}); "
            "save the one that is meant"
        )
    return dict(content[inside[0]] if inside else content)
