"""Count logits and recorded counts to what training minimises.

Class `i` of C stands for the count `min_count + i`. Every loss is one number for each bin, so that a batch's
loss is their mean, and any number of heads may stand between the bins and their classes.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from binrecon.config.schema import (
    CornConfig,
    CrossEntropyConfig,
    CumulativeConfig,
    LossConfig,
    SoftLabelsConfig,
)
from binrecon.models.precision import widen

Loss = Callable[[Tensor, Tensor], Tensor]
"""From count logits, shape (B, C), and recorded classes, int64, shape (B,), to losses, shape (B,)."""


def build_loss(config: LossConfig) -> Loss:
    """Build the loss of a run."""
    match config:
        case CrossEntropyConfig():
            return partial(cross_entropy, label_smoothing=config.label_smoothing)
        case SoftLabelsConfig():
            return partial(soft_label_loss, soft_weight=config.soft_weight)
        case CumulativeConfig():
            return cumulative_loss
        case CornConfig():
            return corn_loss
    raise TypeError(f"no loss is built from {type(config).__name__}")


def stack_losses(configs: Sequence[LossConfig]) -> Loss:
    """Build the losses of K heads as one.

    Args:
        configs: K of one kind.

    Returns:
        From count logits, shape (B, K, C), and recorded classes, int64, shape (B,), to losses, shape (B, K).
    """
    match configs[0]:
        case CrossEntropyConfig():
            smoothings = [cast(CrossEntropyConfig, config).label_smoothing for config in configs]
            return partial(cross_entropy, label_smoothing=torch.tensor(smoothings))
        case SoftLabelsConfig():
            weights = [cast(SoftLabelsConfig, config).soft_weight for config in configs]
            return partial(soft_label_loss, soft_weight=torch.tensor(weights))
    return build_loss(configs[0])  # a loss without settings


def weigh_classes(losses: Tensor, recorded_classes: Tensor, class_weights: Tensor) -> Tensor:
    """Weigh the loss of each bin by its class.

    Args:
        losses: Shape (B, …).
        recorded_classes: Class of the recorded count, int64, shape (B,).
        class_weights: Shape (C,).

    Returns:
        Shape (B, …).
    """
    return losses * _align(class_weights[recorded_classes], losses)


def cross_entropy(
    count_logits: Tensor, recorded_classes: Tensor, label_smoothing: float | Tensor = 0.0
) -> Tensor:
    """Compute the cross entropy of each bin, in nats.

    With label smoothing (Szegedy et al. 2016, arXiv:1512.00567, section 7) the label is
    `(1 - label_smoothing)` for the recorded class, plus `label_smoothing / C` for every class.

    Args:
        count_logits: Unnormalised log-probabilities of the counts, shape (B, …, C). Half precision is
            computed in float32.
        recorded_classes: Class of the recorded count, int64, shape (B,).
        label_smoothing: From 0 to 1, one for all or of shape (…,).

    Returns:
        Shape (B, …).

    >>> cross_entropy(torch.zeros(1, 4), torch.tensor([2]))
    tensor([1.3863])
    """
    log_probabilities = widen(count_logits).log_softmax(dim=-1)
    of_recorded = (log_probabilities * _labels(log_probabilities, recorded_classes, reach=0)).sum(dim=-1)
    return -(1 - label_smoothing) * of_recorded - label_smoothing * log_probabilities.mean(dim=-1)


def soft_label_loss(count_logits: Tensor, recorded_classes: Tensor, soft_weight: float | Tensor) -> Tensor:
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
    logits = widen(count_logits)
    labels = _labels(logits, recorded_classes, reach=1).expand_as(logits)
    multi_label = F.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    single_label = cross_entropy(count_logits, recorded_classes)
    return (1 - soft_weight) * single_label + soft_weight * multi_label.mean(dim=-1)


def cumulative_loss(count_logits: Tensor, recorded_classes: Tensor) -> Tensor:
    """Sum the binary cross entropies of each bin's answers to "more than k items?", in nats.

    The loss is the negative logarithm of P(y > k) for every class k below the recorded one, and of P(y <= k)
    for every other k but the last: a count is the worse a mistake the farther off it is. Those probabilities
    are sums of the counts' own. On a CORAL head they are sigmoids, and the loss is that of Cao et al. 2020,
    arXiv:1901.07884; on a softmax it is the cumulative loss that Cheng 2007, arXiv:0704.1028,
    takes of independent sigmoids.

    Args:
        count_logits: Unnormalised log-probabilities of the counts, shape (B, …, C). Half precision is
            computed in float32.
        recorded_classes: Class of the recorded count, int64, shape (B,).

    Returns:
        Shape (B, …).

    >>> cumulative_loss(torch.zeros(1, 4), torch.tensor([2]))
    tensor([1.2685])
    """
    log_probabilities = widen(count_logits).log_softmax(dim=-1)
    up_to = _accumulate(log_probabilities)
    above = _accumulate(log_probabilities.flip(-1)).flip(-1)
    steps = torch.arange(up_to.shape[-1], device=up_to.device)
    is_above = steps < _align(recorded_classes, up_to)
    return -torch.where(is_above, above, up_to).sum(dim=-1)


def corn_loss(count_logits: Tensor, recorded_classes: Tensor) -> Tensor:
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
    return cross_entropy(count_logits, recorded_classes)


def _labels(count_logits: Tensor, recorded_classes: Tensor, reach: int) -> Tensor:
    """Return 1 for the classes up to `reach` from the recorded one, else 0; shape (B, 1, …, C)."""
    classes = torch.arange(count_logits.shape[-1], device=count_logits.device)
    return ((classes - _align(recorded_classes, count_logits)).abs() <= reach).to(count_logits.dtype)


def _accumulate(log_probabilities: Tensor) -> Tensor:
    """Return the log-probability of each class but the last or any before it, shape (B, …, C - 1)."""
    classes = log_probabilities[..., :-1].unbind(dim=-1)
    return torch.stack(list(accumulate(classes, torch.logaddexp)), dim=-1)


def _align(of_bins: Tensor, other: Tensor) -> Tensor:
    """Give what each bin has one of, shape (B,), as many dimensions as another tensor, shape (B, 1, …, 1)."""
    return of_bins.reshape(-1, *[1] * (other.ndim - 1))
