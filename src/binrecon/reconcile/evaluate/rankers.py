"""The ways to rank bins that are compared, from binrecon's own to none at all.

Each is a suspicion of N bins for every count that their record may say, shape (N, C).
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from binrecon.calibration.arrays import Floats
from binrecon.reconcile.evaluate.judged import JudgedBins
from binrecon.reconcile.posterior import posterior, variance_probability
from binrecon.reconcile.record_errors import RecordErrors

OURS = "posterior"
DIFFERS = "argmax_differs"
RANDOM = "random"

RANKERS: Mapping[str, str] = MappingProxyType(
    {
        OURS: "P(record wrong) given photo and record",
        "calibrated": "1 - P(recorded count) given the photo, calibrated",
        "uncalibrated": "1 - P(recorded count) given the photo, not calibrated",
        "mean_distance": "distance of the mean count from the recorded one",
        "argmax_two_off": "likeliest count two or more off the recorded one",
        DIFFERS: "likeliest count is not the recorded one",
        RANDOM: "at random",
    }
)
"""Name of each ranker to what it ranks by."""


def find_suspicions(bins: JudgedBins, errors: RecordErrors) -> dict[str, Floats]:
    """Work out every ranker's suspicions.

    Args:
        bins: The bins.
        errors: What is assumed of wrong records, for the first ranker.

    Returns:
        Each ranker to its suspicions; those of a count that the counter does not know mean nothing.
    """
    counts = np.arange(bins.class_count)
    distance = np.abs(bins.predicted[:, None] - counts)
    mean = np.exp(bins.log_probabilities) @ counts
    return {
        OURS: find_variance_probabilities(bins, errors),
        "calibrated": 1 - np.exp(bins.calibrated),
        "uncalibrated": 1 - np.exp(bins.log_probabilities),
        "mean_distance": np.abs(mean[:, None] - counts),
        "argmax_two_off": (distance >= 2).astype(np.float64),
        DIFFERS: (distance > 0).astype(np.float64),
        RANDOM: np.zeros(distance.shape),
    }


def find_variance_probabilities(bins: JudgedBins, errors: RecordErrors) -> Floats:
    """Return the variance probability of each bin for every count that its record may say, shape (N, C).

    Nothing else of a record is used, also where its items are known: a changed record has no items to go by.
    """
    transition = errors.transition(bins.count_shares)
    chances = np.zeros((len(bins), bins.class_count))
    for place in np.flatnonzero(bins.is_known):
        recorded = np.full(len(bins), place)
        chances[:, place] = variance_probability(
            posterior(bins.log_likelihood, recorded, transition), recorded
        )
    return chances
