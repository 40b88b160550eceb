"""The proposal's head."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from binrecon.models.heads.one_layer import OneLayerHeadConfig

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass
class LinearHeadConfig(OneLayerHeadConfig):
    """One linear layer over the features, as in the proposal: a logit for each count."""

    name: str = "linear"

    def build_layer(self, feature_count: int, class_count: int) -> "list[nn.Module]":
        """Build the layer."""
        from torch import nn

        return [nn.Linear(feature_count, class_count)]

    def set_prior(self, last: "nn.Linear", link: "nn.Module", class_shares: "Tensor") -> None:
        """Set the logits to the logarithms of the shares."""
        last.bias.copy_(class_shares.log())

    def link_heads(self, links: "Sequence[nn.Module | None]", values: "Tensor") -> "Tensor":
        """Return the values: they are the count logits."""
        return values
