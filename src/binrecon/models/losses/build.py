"""Losses from their options: of one head, or of many heads at once."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor

from binrecon.config.schema import LossConfig

Loss = Callable[[Tensor, Tensor], Tensor]
"""From count logits, shape (B, C), and recorded classes, int64, shape (B,), to losses, shape (B,)."""


def stack_losses(configs: Sequence[LossConfig]) -> Loss:
    """Build the losses of K heads as one.

    Args:
        configs: K that differ in numbers alone: see `settings_in_common`.

    Returns:
        From count logits, shape (B, K, C), and recorded classes, int64, shape (B,), to losses, shape (B, K).
    """
    numbers: dict[str, Any] = {
        item.name: torch.tensor([getattr(config, item.name) for config in configs])
        for item in fields(configs[0])
        if _is_number(getattr(configs[0], item.name))
    }
    return replace(configs[0], **numbers).build()


def settings_in_common(config: LossConfig) -> tuple[object, ...]:
    """Return what losses must have in common to be computed as one: all but their numbers."""
    values = (getattr(config, item.name) for item in fields(config))
    return (type(config), *(value for value in values if not _is_number(value)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
