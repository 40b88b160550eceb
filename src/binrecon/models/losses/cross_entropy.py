"""Cross entropy with the recorded count."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from binrecon.config.options import option
from binrecon.config.schema import LossConfig

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class CrossEntropyConfig(LossConfig):
    """Cross entropy with the recorded count."""

    name: str = "cross_entropy"
    label_smoothing: float = option(0.0, at_least=0, below=1)
    """Share of each label that is spread evenly over all counts (arXiv:1512.00567)."""

    outputs: ClassVar[tuple[str, ...]] = ("softmax",)

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """Build it."""
        from binrecon.models.losses.functional import cross_entropy

        return partial(cross_entropy, label_smoothing=self.label_smoothing)
