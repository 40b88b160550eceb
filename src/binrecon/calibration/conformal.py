"""Count sets that hold the recorded count as often as is asked for: split conformal prediction.

The guarantee is of the share of all bins, not of those of one count, and for bins that are to the validation
bins as those are to each other (exchangeable): not for another warehouse, camera or time.
"""

from binrecon.calibration.arrays import Booleans, Floats
from binrecon.calibration.interval_scores import score_counts
from binrecon.calibration.scaling import Calibration


def count_sets(calibrated: Floats, calibration: Calibration, coverage: float) -> Booleans:
    """Find the counts that a bin may well hold.

    Args:
        calibrated: What `calibration.apply` returns, shape (N, C).
        calibration: Of the counter.
        coverage: Share of bins whose count is in their set, at least; above 0 and below 1.

    Returns:
        Whether each count is in the set, shape (N, C). Each set is an interval with the likeliest count in
        it; where there are too few validation bins for such a coverage, it is all counts.

    Raises:
        ValueError: If `coverage` is not between 0 and 1.
    """
    return score_counts(calibrated) <= calibration.conformal.find_threshold(coverage)


def name_count_sets(sets: Booleans, min_count: int) -> list[str]:
    """Write sets as text, in words: a spreadsheet takes `1-3` for a date.

    Args:
        sets: Intervals, none of them empty, shape (N, C).
        min_count: The count of class 0.

    >>> import numpy as np
    >>> name_count_sets(np.array([[True, True, True, False], [False, False, True, False]]), 0)
    ['0 to 2', '2']
    """
    low = sets.argmax(axis=1) + min_count
    high = sets.shape[1] - 1 - sets[:, ::-1].argmax(axis=1) + min_count
    return [f"{a}" if a == b else f"{a} to {b}" for a, b in zip(low.tolist(), high.tolist(), strict=True)]
