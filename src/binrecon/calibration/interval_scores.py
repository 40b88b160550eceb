"""Conformal scores: the rank of a count in a bin's distribution, from which count sets are made.

A set of counts grows from the likeliest count to whichever neighbour is likelier, so it is an interval at
every step (ordinal adaptive prediction sets, Lu, Angelopoulos & Pomerantz 2022, arXiv:2207.02238, algorithm
1). The score of a count is the probability that the set held before that count joined it: 0 for the likeliest
one, which therefore is in every set, so that no set is empty.
"""

from dataclasses import dataclass

import numpy as np

from binrecon.calibration.arrays import Floats, Ints

_MOST_KEPT = 1000


@dataclass(frozen=True)
class ConformalScores:
    """The scores of recorded counts, in ascending order, of which some thousand are kept.

    Attributes:
        bins: How many bins were scored.
        ranks: Ranks of the scores that are kept, from 1 to `bins`; of up to a thousand bins, all.
        scores: The scores of those ranks.
    """

    bins: int
    ranks: tuple[int, ...]
    scores: tuple[float, ...]

    def find_threshold(self, coverage: float) -> float:
        """Return what the score of a further bin stays below, or reaches, with a probability of `coverage`.

        It is the score of rank ceil((n + 1) coverage) of n (Angelopoulos & Bates 2021, arXiv:2107.07511,
        section 1), or of the next rank that is kept; infinite if there are too few bins for such a coverage.

        Raises:
            ValueError: If `coverage` is not between 0 and 1.
        """
        if not 0 < coverage < 1:
            raise ValueError(f"coverage: must lie between 0 and 1, got {coverage}")
        rank = int(np.ceil((self.bins + 1) * coverage - 1e-9))  # 0.9 * 10 is not to be 9.000000000000002
        place = int(np.searchsorted(self.ranks, rank))
        return self.scores[place] if place < len(self.scores) else float("inf")


def score_counts(calibrated: Floats) -> Floats:
    """Score every count of every bin.

    Args:
        calibrated: Log-probabilities whose rows sum to 1, shape (N, C).

    Returns:
        Shape (N, C), from 0 (the likeliest count; the smaller one where two tie) to nearly 1.
    """
    probabilities = np.exp(calibrated)
    bin_count, class_count = probabilities.shape
    walled = np.pad(probabilities, ((0, 0), (1, 1)), constant_values=-1.0)  # class i in column i + 1
    rows = np.arange(bin_count)
    low = high = probabilities.argmax(axis=1) + 1
    scores = np.zeros_like(probabilities)
    mass = walled[rows, low]
    for _ in range(class_count - 1):
        goes_down = walled[rows, low - 1] >= walled[rows, high + 1]
        low, high = low - goes_down, high + ~goes_down
        joined = np.where(goes_down, low, high)
        scores[rows, joined - 1] = mass
        mass = mass + walled[rows, joined]
    return scores


def keep_scores(calibrated: Floats, recorded_class: Ints) -> ConformalScores:
    """Score the recorded counts of the bins that a calibration is fitted on.

    Args:
        calibrated: Log-probabilities whose rows sum to 1, shape (N, C).
        recorded_class: Shape (N,).
    """
    scores = np.sort(score_counts(calibrated)[np.arange(len(recorded_class)), recorded_class])
    places = np.unique(np.linspace(0, len(scores) - 1, min(len(scores), _MOST_KEPT)).round().astype(np.int64))
    return ConformalScores(len(scores), tuple((places + 1).tolist()), tuple(scores[places].tolist()))
