"""Options and parts that all heads of one linear layer have."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from binrecon.config.options import option
from binrecon.config.schema import HeadConfig

if TYPE_CHECKING:
    from torch import nn


class OneLayer(NamedTuple):
    """The parts of a head of one linear layer.

    Attributes:
        before: What features pass through before the layer; may be empty.
        linear: The layer.
        link: What turns its values into count logits; None where they are the count logits.
    """

    before: "nn.Sequential"
    linear: "nn.Linear"
    link: "nn.Module | None"


@dataclass
class OneLayerHeadConfig(HeadConfig):
    """Options of every head of one linear layer."""

    dropout: float = option(0.0, at_least=0, below=1)
    """Share of the features that are zeroed while training."""
    is_standardised: bool = False
    """Bring each feature to mean 0 and variance 1 first, over the photos that a process has of a
    batch; where features are of many kinds (`model.pooling`), a layer learns little from them otherwise."""

    is_one_layer: ClassVar[bool] = True

    @property
    def has_batch_norm(self) -> bool:
        """True if it needs more than one photo to train on."""
        return self.is_standardised

    def build(self, feature_count: int, class_count: int) -> "nn.Module":
        """Build the layer, and what features pass through before it."""
        from torch import nn  # torch takes seconds to load

        before: list[nn.Module] = []
        if self.is_standardised:
            before.append(nn.BatchNorm1d(feature_count, affine=False))
        if self.dropout > 0:
            before.append(nn.Dropout(self.dropout))
        layers = [*before, *self.build_layer(feature_count, class_count)]
        return nn.Sequential(*layers) if len(layers) > 1 else layers[0]

    def build_layer(self, feature_count: int, class_count: int) -> "list[nn.Module]":
        """Build the layer, and after it what turns its values into count logits, if anything has to."""
        raise NotImplementedError


def split_head(head: "nn.Module") -> OneLayer:
    """Take a head of one linear layer apart; the parts are the head's own.

    Args:
        head: As `OneLayerHeadConfig.build` makes it.
    """
    from torch import nn

    before: list[nn.Module] = []
    layers = iter(head if isinstance(head, nn.Sequential) else [head])
    for layer in layers:
        if isinstance(layer, nn.Linear):
            return OneLayer(nn.Sequential(*before), layer, next(layers, None))
        before.append(layer)
    raise TypeError(f"no linear layer in {head}")
