"""Photos to count logits: the whole model, free of any training framework."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from torch import Tensor, nn

from binrecon.config.pooling_words import Pooling
from binrecon.models.backbone import Backbone, build_backbone
from binrecon.models.heads.build import build_head, read_head_config

LINEAR_HEAD: Mapping[str, Any] = MappingProxyType({"name": "linear", "dropout": 0.0})
"""The proposal's head, as plain values."""


class BinCounter(nn.Module):
    """A backbone and a head that says how likely each count is.

    Attributes:
        min_count: Count of the first class.
        max_count: Count of the last class.
    """

    def __init__(self, backbone: Backbone, head: nn.Module, min_count: int, max_count: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.min_count = min_count
        self.max_count = max_count

    @property
    def counts(self) -> range:
        """Every count that it answers, in order."""
        return range(self.min_count, self.max_count + 1)

    def forward(self, photos: Tensor) -> Tensor:
        """Compute count logits.

        Args:
            photos: RGB photos, uint8 in 0..255, shape (B, 3, H, W).

        Returns:
            Unnormalised log-probabilities of `min_count`..`max_count` items, shape (B, C).
        """
        count_logits: Tensor = self.head(self.backbone(photos))
        return count_logits


def build_counter(
    backbone: str,
    min_count: int,
    max_count: int,
    weights: str = "imagenet",
    is_frozen: bool = True,
    head: Mapping[str, Any] = LINEAR_HEAD,
    seed: int = 0,
    pooling: Pooling = "average",
) -> BinCounter:
    """Build a counter with a fresh head.

    Args:
        backbone: timm's name of the network.
        min_count: Smallest count that can be answered.
        max_count: Largest count that can be answered.
        weights: `imagenet`, `random`, or the path of a state dict of the backbone.
        is_frozen: Whether the backbone stays as it is.
        head: The head's configuration as plain values, such as a checkpoint keeps.
        seed: Of the head's first weights. Those of a `random` backbone are drawn from torch's global state.
        pooling: What is kept of the backbone's feature maps.

    Raises:
        ConfigError: If there is no such network.
        WeightsError: If the weights cannot be had or do not fit.
    """
    net = build_backbone(backbone, weights, is_frozen, pooling)
    class_count = max_count - min_count + 1
    fresh = build_head(read_head_config(head), net.feature_count, class_count, seed)
    return BinCounter(net, fresh, min_count, max_count)
