"""The trained part: features to count logits."""

from torch import nn


def build_linear_head(feature_count: int, class_count: int, dropout: float) -> nn.Module:
    """Build the proposal's head: one linear layer, after dropout if asked for.

    Args:
        feature_count: Width F of the features.
        class_count: Number of counts that can be answered.
        dropout: Share of features zeroed while training, 0 for none.
    """
    linear = nn.Linear(feature_count, class_count)
    return linear if dropout == 0 else nn.Sequential(nn.Dropout(dropout), linear)
