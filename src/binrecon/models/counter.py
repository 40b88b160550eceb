"""Photos to count logits: the whole model, free of any training framework."""

from torch import Tensor, nn

from binrecon.models.backbone import Backbone, build_backbone
from binrecon.models.heads import build_linear_head


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
    dropout: float = 0.0,
) -> BinCounter:
    """Build a counter with a fresh head.

    Args:
        backbone: timm's name of the network.
        min_count: Smallest count that can be answered.
        max_count: Largest count that can be answered.
        weights: `imagenet`, `random`, or the path of a state dict of the backbone.
        is_frozen: Whether the backbone stays as it is.
        dropout: Share of features zeroed before the head while training.

    Raises:
        ConfigError: If there is no such network.
        WeightsError: If the weights cannot be had or do not fit.
    """
    net = build_backbone(backbone, weights, is_frozen)
    head = build_linear_head(net.feature_count, max_count - min_count + 1, dropout)
    return BinCounter(net, head, min_count, max_count)
