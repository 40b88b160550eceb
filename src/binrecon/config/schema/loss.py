"""Options and methods of every loss; the losses themselves are in `models/losses/`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from binrecon.config.options import MISSING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class LossConfig:
    """The number that training minimises."""

    name: str = MISSING
    """Name of the loss; set by the group option, not by hand."""

    outputs: ClassVar[tuple[str, ...]] = ()
    """Heads that it goes with, by their `output`."""

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """Build it.

        Returns:
            From count logits, shape (B, …, C), and recorded classes, int64, shape (B,), to losses, shape
            (B, …). A number of its options may be a tensor of shape (…,) instead.
        """
        raise NotImplementedError
