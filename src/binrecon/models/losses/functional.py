"""Arithmetic that several losses share."""

import torch
from torch import Tensor

from binrecon.models.precision import widen


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
    of_recorded = (log_probabilities * label_classes(log_probabilities, recorded_classes, reach=0)).sum(
        dim=-1
    )
    return -(1 - label_smoothing) * of_recorded - label_smoothing * log_probabilities.mean(dim=-1)


def weigh_classes(losses: Tensor, recorded_classes: Tensor, class_weights: Tensor) -> Tensor:
    """Weigh the loss of each bin by its class.

    Args:
        losses: Shape (B, …).
        recorded_classes: Class of the recorded count, int64, shape (B,).
        class_weights: Shape (C,).

    Returns:
        Shape (B, …).
    """
    return losses * align_bins(class_weights[recorded_classes], losses)


def label_classes(count_logits: Tensor, recorded_classes: Tensor, reach: int) -> Tensor:
    """Return 1 for the classes up to `reach` from the recorded one, else 0; shape (B, 1, …, C)."""
    classes = torch.arange(count_logits.shape[-1], device=count_logits.device)
    return ((classes - align_bins(recorded_classes, count_logits)).abs() <= reach).to(count_logits.dtype)


def align_bins(of_bins: Tensor, other: Tensor) -> Tensor:
    """Give what each bin has one of, shape (B,), as many dimensions as another tensor, shape (B, 1, …, 1)."""
    return of_bins.reshape(-1, *[1] * (other.ndim - 1))
