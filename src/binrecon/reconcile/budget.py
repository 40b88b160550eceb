"""Selection of the bins to recount within a budget, with the expected number of finds."""

from dataclasses import dataclass

import numpy as np

from binrecon.calibration.arrays import Booleans, Floats
from binrecon.config.budget_words import Budget, parse_budget

__all__ = ["Budget", "Choice", "choose", "parse_budget"]


@dataclass(frozen=True)
class Choice:
    """The bins to recount.

    Attributes:
        is_chosen: Whether each of N bins is, shape (N,).
        threshold: Variance probability from which on bins are recounted: the smallest chosen one, or for a
            cost ratio what a recount pays from; NaN if a budget of bins finds none to choose from.
        expected_finds: Mean number of wrong records among the chosen, as far as the probabilities are right.
        expected_variances: The same among all N bins.
    """

    is_chosen: Booleans
    threshold: float
    expected_finds: float
    expected_variances: float

    @property
    def workload(self) -> int:
        """Return the number of recounted bins."""
        return int(self.is_chosen.sum())

    @property
    def precision(self) -> float:
        """Share of recounts that find something, on average; NaN for no recounts."""
        return self.expected_finds / self.workload if self.workload else float("nan")

    @property
    def recall(self) -> float:
        """Share of the wrong records that are found, on average; NaN if none is to be expected."""
        return self.expected_finds / self.expected_variances if self.expected_variances else float("nan")


def choose(variance_probability: Floats, budget: Budget) -> Choice:
    """Choose the bins that are most likely to be recorded wrongly.

    Args:
        variance_probability: Of each bin that can be recounted, in any order, shape (N,).
        budget: How many. A share is rounded down to whole bins, one at least; with fewer bins than asked for,
            all are chosen. A cost ratio chooses a bin if its variance probability times the cost of a miss is
            at least the cost of a recount.

    Returns:
        What is chosen; of bins that tie, those that come first.

    Raises:
        ValueError: If a probability is NaN or not between 0 and 1.
    """
    chances = np.asarray(variance_probability, np.float64)
    if bad := int((~((chances >= 0) & (chances <= 1 + 1e-9))).sum()):
        raise ValueError(f"variance_probability: not within 0..1 for {bad} of {len(chances)} bins")
    if budget.kind == "cost":
        threshold = 1 / budget.amount
        is_chosen = chances >= threshold
    else:
        wanted = budget.amount * len(chances) if budget.kind == "share" else budget.amount
        first = np.argsort(-chances, kind="stable")[: max(1, int(wanted + 1e-9))]
        is_chosen = np.zeros(len(chances), bool)
        is_chosen[first] = True
        threshold = float(chances[first].min()) if len(first) else float("nan")
    return Choice(is_chosen, threshold, float(chances[is_chosen].sum()), float(chances.sum()))
