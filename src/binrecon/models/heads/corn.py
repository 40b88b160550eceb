"""An ordinal head: a question for each count but the last."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from binrecon.models.heads.one_layer import OneLayerHeadConfig

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass
class CornHeadConfig(OneLayerHeadConfig):
    """One linear layer that asks, count by count, whether the bin holds more; with loss=corn.

    Shi, Cao & Raschka 2021, arXiv:2111.08851: P(more than k items) is a product of conditional probabilities,
    each with weights of its own.
    """

    name: str = "corn"

    output: ClassVar[str] = "conditional"

    def build_layer(self, feature_count: int, class_count: int) -> "list[nn.Module]":
        """Build the layer, and the product."""
        from torch import nn

        from binrecon.models.ordinal import CornLink

        return [nn.Linear(feature_count, class_count - 1), CornLink()]

    def set_prior(self, last: "nn.Linear", link: "nn.Module", class_shares: "Tensor") -> None:
        """Set the biases to the log-odds of "more than k items, if at least k"."""
        at_least = class_shares.flip(0).cumsum(0).flip(0)
        last.bias.copy_((at_least[1:] / class_shares[:-1]).log())

    def link_heads(self, links: "Sequence[nn.Module | None]", values: "Tensor") -> "Tensor":
        """Multiply the conditional probabilities of each head."""
        from binrecon.models.ordinal import corn_log_probabilities

        return corn_log_probabilities(values)
