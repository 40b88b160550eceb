"""From what an ordinal head's linear layer gives to log-probabilities of the counts.

Such a head answers "more than k items?" for each of the C - 1 classes k but the last. Its answers make one
distribution over the C counts, so all that reads count logits reads those of an ordinal head too.
"""

import math
from itertools import accumulate, pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from binrecon.models.precision import widen


class CoralLink(nn.Module):
    """Cuts one value by ordered thresholds: consistent rank logits, CORAL.

    Cao, Mirjalili & Raschka 2020, arXiv:1901.07884: P(y > k) = sigmoid(value + b_k). The value has b_0 in it
    already, as the bias of its layer. Each further bias is smaller than the one before by the softplus of a
    parameter, so that no count can have a probability below 0; in the paper the biases are free, and ordered
    where the loss is least (theorem 1). At first all counts are equally likely for a bin without features.

    Args:
        class_count: Number C of counts that can be answered.

    Attributes:
        first_bias: What b_0 has to be at first for that.
        steps: What the softplus is taken of, shape (C - 2,).
    """

    def __init__(self, class_count: int) -> None:
        super().__init__()
        biases = [math.log((class_count - k) / k) for k in range(1, class_count)]  # P(y >= k) = 1 - k / C
        self.first_bias = biases[0]
        falls = [before - after for before, after in pairwise(biases)]
        self.steps = nn.Parameter(torch.tensor([math.log(math.expm1(fall)) for fall in falls]))

    def forward(self, values: Tensor) -> Tensor:
        """Turn values, shape (B, 1), into log-probabilities of the counts, shape (B, C)."""
        return coral_log_probabilities(values, self.steps)


class CornLink(nn.Module):
    """Multiplies conditional probabilities: CORN."""

    def forward(self, values: Tensor) -> Tensor:
        """Turn values, shape (B, C - 1), into log-probabilities of the counts, shape (B, C)."""
        return corn_log_probabilities(values)


def coral_log_probabilities(values: Tensor, steps: Tensor) -> Tensor:
    """Compute log-probabilities of the counts from values and the steps between thresholds.

    With a = value + b_(k-1) and a - d = value + b_k, the probability of k items is
    sigmoid(a) - sigmoid(a - d) = sigmoid(a) sigmoid(d - a) (1 - exp(-d)), and where d is the softplus of a
    step, 1 - exp(-d) is the step's own sigmoid. So no difference of nearly equal numbers is ever taken.

    Args:
        values: Shape (B, …, 1). Half precision is computed in float32.
        steps: One for each threshold but the first, shape (…, C - 2).

    Returns:
        Shape (B, …, C).
    """
    wide = widen(values)
    falls = F.softplus(widen(steps))
    # The sum of the falls before each threshold; a matrix product could be rounded to TF32.
    before = torch.ones(falls.shape[-1], falls.shape[-1], device=falls.device).tril()
    fallen = F.pad((falls.unsqueeze(-2) * before).sum(dim=-1), (1, 0))
    logits = wide - fallen
    is_more = F.pad(F.logsigmoid(logits), (1, 0))  # more than k - 1 items: certain for k = 0
    is_no_more = F.pad(F.logsigmoid(-logits), (0, 1))  # not more than k items: certain for the last k
    return is_more + is_no_more + F.pad(F.logsigmoid(widen(steps)), (1, 1))


def corn_log_probabilities(values: Tensor) -> Tensor:
    """Compute log-probabilities of the counts from the log-odds of "more than k items, if at least k".

    Shi, Cao & Raschka 2021, arXiv:2111.08851: P(y > k) is the product of the conditional
    probabilities up to k. So P(y = k) is the product of those below k, and of the complement at k.

    Args:
        values: Shape (B, …, C - 1). Half precision is computed in float32.

    Returns:
        Shape (B, …, C).
    """
    wide = widen(values)
    is_more = torch.stack(list(accumulate(F.logsigmoid(wide).unbind(dim=-1))), dim=-1)
    return F.pad(is_more, (1, 0)) + F.pad(F.logsigmoid(-wide), (0, 1))
