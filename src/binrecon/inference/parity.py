"""Agreement of an exported file with the counter that it was made from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Parity:
    """Differences between two sets of probabilities of the same bins.

    Attributes:
        photos: Number of bins.
        largest_difference: Largest absolute difference of any probability.
        mean_difference: Mean absolute difference of all probabilities.
        same_counts: Fraction of bins with the same likeliest count.
        accuracy: Fraction of bins whose likeliest count is the recorded one, after the export.
        torch_accuracy: The same before the export.
    """

    photos: int
    largest_difference: float
    mean_difference: float
    same_counts: float
    accuracy: float
    torch_accuracy: float


def compare_probabilities(
    torch_probabilities: NDArray[np.float64],
    probabilities: NDArray[np.float64],
    recorded_classes: NDArray[np.int64],
) -> Parity:
    """Compare probabilities, shape (N, C), of bins with recorded classes, shape (N,).

    >>> one, other = np.array([[0.75, 0.25], [0.5, 0.5]]), np.array([[0.75, 0.25], [0.25, 0.75]])
    >>> compare_probabilities(one, other, np.array([0, 1])).same_counts
    0.5
    """
    gaps = np.abs(torch_probabilities - probabilities)
    theirs, ours = torch_probabilities.argmax(axis=1), probabilities.argmax(axis=1)
    return Parity(
        photos=len(gaps),
        largest_difference=float(gaps.max()),
        mean_difference=float(gaps.mean()),
        same_counts=float((theirs == ours).mean()),
        accuracy=float((ours == recorded_classes).mean()),
        torch_accuracy=float((theirs == recorded_classes).mean()),
    )
