"""Checks of the tensors of a file before a network is filled with them."""

from collections.abc import Mapping

import torch
from torch import Tensor


def describe_faulty_tensor(name: object, tensor: object) -> str | None:
    """Say what is wrong with an entry of a state dict; None if it is a plain tensor in memory.

    Neither its values are read here nor what they need allocated, so that any content is safe to ask about.

    >>> describe_faulty_tensor("fc.bias", torch.zeros(2)) is None
    True
    >>> describe_faulty_tensor("fc.bias", torch.zeros(2, device="meta"))
    "'fc.bias' has no values (a meta tensor)"
    """
    if not isinstance(name, str):
        return f"the key {name!r} is no name but of type {type(name).__name__}"
    if not isinstance(tensor, Tensor):
        return f"'{name}' is no tensor but of type {type(tensor).__name__}"
    if tensor.device.type == "meta":
        return f"'{name}' has no values (a meta tensor)"
    if tensor.layout != torch.strided:
        return f"'{name}' is sparse ({tensor.layout}), got to be dense"
    if tensor.is_quantized or tensor.is_complex():
        return f"'{name}' is of type {tensor.dtype}, which no weights are"
    if tensor.untyped_storage().nbytes() < tensor.numel() * tensor.element_size():
        return f"'{name}' of shape {tuple(tensor.shape)} has fewer values than that in the file"
    return None


def describe_misfit(name: str, tensor: Tensor, slot: Tensor) -> str | None:
    """Say why a tensor cannot fill the slot of its name in a network; None if it can.

    Args:
        name: Of both.
        tensor: What `describe_faulty_tensor` finds no fault in.
        slot: What it is to fill.
    """
    if tensor.shape != slot.shape:
        return f"'{name}' is of another shape, {tuple(tensor.shape)} for {tuple(slot.shape)}"
    is_counted = not slot.is_floating_point()
    if tensor.dtype == torch.bool or tensor.is_floating_point() == is_counted:
        return f"'{name}' is of type {tensor.dtype} for {slot.dtype}"
    if not is_counted and not bool(tensor.to(slot.dtype).isfinite().all()):
        bad = int((~tensor.to(slot.dtype).isfinite()).sum())
        return f"'{name}' holds {bad:,} of {tensor.numel():,} values that are NaN or infinite"
    return None


def list_misfits(state: Mapping[str, Tensor], slots: Mapping[str, Tensor]) -> list[str]:
    """List the tensors of a state dict that cannot fill the slot of their name; others are not looked at."""
    found = (describe_misfit(name, state[name], slots[name]) for name in sorted(state.keys() & slots.keys()))
    return [misfit for misfit in found if misfit is not None]
