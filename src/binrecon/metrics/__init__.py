"""Counts and logits to numbers: additive sums, the metrics that follow from them, and baselines."""

from binrecon.metrics.baselines import find_majority_count, majority_baseline, prior_baseline
from binrecon.metrics.counting import CountingMetrics
from binrecon.metrics.functional import CountTally, scores, tally_batch

__all__ = [
    "CountTally",
    "CountingMetrics",
    "find_majority_count",
    "majority_baseline",
    "prior_baseline",
    "scores",
    "tally_batch",
]
