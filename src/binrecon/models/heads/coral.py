"""An ordinal head: one value, cut by ordered thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from binrecon.models.heads.one_layer import OneLayerHeadConfig

if TYPE_CHECKING:
    from torch import Tensor, nn

    from binrecon.models.ordinal import CoralLink


@dataclass
class CoralHeadConfig(OneLayerHeadConfig):
    """One linear layer with a single value, cut by ordered thresholds into counts; with loss=cumulative.

    Cao, Mirjalili & Raschka 2020, arXiv:1901.07884: P(more than k items) = sigmoid(value + bias k), one set
    of weights for all k. Theirs orders the biases by training alone; here they are ordered by construction.
    """

    name: str = "coral"

    output: ClassVar[str] = "cumulative"

    def build_layer(self, feature_count: int, class_count: int) -> "list[nn.Module]":
        """Build the layer, and the thresholds."""
        from torch import nn

        from binrecon.models.ordinal import CoralLink

        link, linear = CoralLink(class_count), nn.Linear(feature_count, 1)
        nn.init.constant_(linear.bias, link.first_bias)
        return [linear, link]

    def set_prior(self, last: "nn.Linear", link: "nn.Module", class_shares: "Tensor") -> None:
        """Set the thresholds to the log-odds of "more than k items"."""
        at_least = class_shares.flip(0).cumsum(0).flip(0)
        biases = (at_least[1:] / (1 - at_least[1:])).log()
        last.bias.copy_(biases[0])
        cast("CoralLink", link).steps.copy_((biases[:-1] - biases[1:]).expm1().log())

    def link_heads(self, links: "Sequence[nn.Module | None]", values: "Tensor") -> "Tensor":
        """Cut the value of each head by its own thresholds."""
        import torch

        from binrecon.models.ordinal import coral_log_probabilities

        return coral_log_probabilities(values, torch.stack([cast("CoralLink", link).steps for link in links]))
