"""A loss for which a count beside the recorded one is right too."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from binrecon.config.options import option
from binrecon.config.schema import LossConfig

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class SoftLabelsConfig(LossConfig):
    """Cross entropy, mixed with a loss for which one item more or less is right as well.

    Tezcan & Konrad (github.com/ozantezcan/Object-Counting-in-Amazon-Bin-Image-Dataset), ResNet-34 with every
    layer trained on 326,472 photos: accuracy 56.41 % and RMSE 0.895 with cross entropy alone, 56.45 % and
    0.869 with a share of 0.5, 55.08 % and 0.848 with 0.9; single runs.
    """

    name: str = "soft_labels"
    soft_weight: float = option(0.5, at_least=0, at_most=1)
    """Share of the multi-label loss: 0 is cross entropy alone, 1 the multi-label loss alone."""

    outputs: ClassVar[tuple[str, ...]] = ("softmax",)

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """Build it."""
        return partial(soft_label_loss, soft_weight=self.soft_weight)


def soft_label_loss(
    count_logits: "Tensor", recorded_classes: "Tensor", soft_weight: "float | Tensor"
) -> "Tensor":
    """Mix the cross entropy of each bin with a multi-label loss over the recorded count and its neighbours.

    Tezcan & Konrad (https://github.com/ozantezcan/Object-Counting-in-Amazon-Bin-Image-Dataset): each logit is
    also read as the log-odds that a bin of k items has "this count, one less or one more"; binary cross
    entropy, averaged over the classes, wants that true of k - 1, k and k + 1. So a neighbour is a lesser
    mistake than a count farther away.

    Args:
        count_logits: Shape (B, …, C). Half precision is computed in float32.
        recorded_classes: Class of the recorded count, int64, shape (B,).
        soft_weight: Share of the multi-label loss, from 0 to 1, one for all or of shape (…,).

    Returns:
        Shape (B, …).
    """
    import torch.nn.functional as F  # torch takes seconds to load

    from binrecon.models.losses.functional import cross_entropy, label_classes
    from binrecon.models.precision import widen

    logits = widen(count_logits)
    labels = label_classes(logits, recorded_classes, reach=1).expand_as(logits)
    multi_label = F.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    single_label = cross_entropy(count_logits, recorded_classes)
    return (1 - soft_weight) * single_label + soft_weight * multi_label.mean(dim=-1)
