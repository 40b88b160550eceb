import numpy as np
import pytest

from binrecon.inference.parity import Parity, compare_probabilities


def test_compare_probabilities() -> None:
    torch_probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.5, 0.4], [0.2, 0.2, 0.6]])
    exported = np.array([[0.5, 0.3, 0.2], [0.1, 0.44, 0.46], [0.2, 0.2, 0.6]])
    parity = compare_probabilities(torch_probabilities, exported, np.array([0, 1, 1]))
    assert parity == Parity(
        photos=3,
        largest_difference=pytest.approx(0.06),  # type: ignore[arg-type]
        mean_difference=pytest.approx(0.12 / 9),  # type: ignore[arg-type]
        same_counts=pytest.approx(2 / 3),  # type: ignore[arg-type]
        accuracy=pytest.approx(1 / 3),  # type: ignore[arg-type]
        torch_accuracy=pytest.approx(2 / 3),  # type: ignore[arg-type]
    )


def test_compare_probabilities__what_is_no_number_is_far_apart() -> None:
    exported = np.array([[np.nan, 0.5]])
    gap = compare_probabilities(np.array([[0.5, 0.5]]), exported, np.array([0])).largest_difference
    assert not gap <= 1.0
