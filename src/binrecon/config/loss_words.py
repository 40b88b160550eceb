"""Which losses go with which heads."""

from collections.abc import Mapping
from types import MappingProxyType

_OF_LOGITS = ("cross_entropy", "soft_labels", "cumulative")

LOSSES_OF_HEADS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "linear": _OF_LOGITS,
        "mlp": _OF_LOGITS,
        "coral": ("cumulative",),
        "corn": ("corn",),
    }
)
"""The word of `head=` to those of `loss=` that it can be trained with."""
