"""Options and methods of every head; the heads themselves are in `models/heads/`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from binrecon.config.options import MISSING

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass
class HeadConfig:
    """The trained part: from features to count logits."""

    name: str = MISSING
    """Name of the head; set by the group option, not by hand."""
    init_bias_from_prior: bool = True
    """Answer with the shares of the training counts at first; otherwise at random."""

    output: ClassVar[str] = "softmax"
    """Kind of its count logits, for losses to say which ones they go with: `softmax`, where they are
    free; `cumulative`, from thresholds on one value; `conditional`, from a question for each count."""
    is_one_layer: ClassVar[bool] = False
    """True if many of it can be trained side by side as one matrix product: see `OneLayerHeadConfig`."""

    @property
    def has_batch_norm(self) -> bool:
        """True if it needs more than one photo to train on."""
        raise NotImplementedError

    def build(self, feature_count: int, class_count: int) -> "nn.Module":
        """Build it, its first weights drawn from torch's global state.

        Args:
            feature_count: Width F of the features.
            class_count: Number C of counts that can be answered.

        Returns:
            From features, shape (B, F), to count logits, shape (B, C).
        """
        raise NotImplementedError

    def set_prior(self, last: "nn.Linear", link: "nn.Module", class_shares: "Tensor") -> None:
        """Set the biases so that every photo is answered with given shares of the counts.

        Args:
            last: Its last linear layer, with weights of 0.
            link: Its last module: the layer itself, or what turns the layer's values into count logits.
            class_shares: Shape (C,), each above 0; they sum to 1.
        """
        raise NotImplementedError

    def link_heads(self, links: "Sequence[nn.Module | None]", values: "Tensor") -> "Tensor":
        """Turn what the linear layers of K heads of this kind give into count logits, all at once.

        Args:
            links: What follows each layer; None where its values are the count logits.
            values: Shape (B, K, V), with the V values of each layer.

        Returns:
            Shape (B, K, C).
        """
        raise NotImplementedError
