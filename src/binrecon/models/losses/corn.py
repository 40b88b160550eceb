"""The loss of CORN, on conditional probabilities."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from binrecon.config.schema import LossConfig

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class CornConfig(LossConfig):
    """Binary cross entropy of "more than k items, if at least k" for every k; for head=corn.

    Shi, Cao & Raschka 2021, arXiv:2111.08851, equation 5.
    """

    name: str = "corn"

    outputs: ClassVar[tuple[str, ...]] = ("conditional",)

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """Build it."""
        return corn_loss


def corn_loss(count_logits: "Tensor", recorded_classes: "Tensor") -> "Tensor":
    """Sum the binary cross entropies of each bin's answers to "more than k items, if at least k?", in nats.

    Shi, Cao & Raschka 2021, arXiv:2111.08851, equation 5. A bin of class c is asked for every k up to c: it
    says yes below c, and no at c. The product of those conditional probabilities is P(y = c), so its losses
    add up to the negative log-likelihood of the recorded count, which is what is computed. The paper divides
    the sum over a batch by its number of questions, and we by its number of bins, as for every loss. So ours
    is larger by the questions for each bin, about 3.9 for the counts 0 to 5 of ABID: a matter of the learning
    rate, since nothing that is trained changes their number.

    Args:
        count_logits: Log-probabilities of the counts, shape (B, …, C), of a CORN head.
        recorded_classes: Class of the recorded count, int64, shape (B,).

    Returns:
        Shape (B, …).
    """
    from binrecon.models.losses.functional import cross_entropy

    return cross_entropy(count_logits, recorded_classes)
