from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from binrecon.calibration.reliability import adaptive_ece, brier, classwise_ece, cut_bands

DrawBins = Callable[..., tuple[np.ndarray, np.ndarray]]
SCORES = (adaptive_ece, classwise_ece, brier)


def draw(seed: int, bins: int = 90) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.dirichlet(np.full(4, 0.7), bins), generator.integers(4, size=bins)


def slow_adaptive_ece(probabilities: list[list[float]], recorded: list[int], bands: int) -> float:
    ranked = sorted(zip(probabilities, recorded, strict=True), key=lambda pair: max(pair[0]))
    size = len(ranked) // bands
    gaps = []
    for start in range(0, len(ranked), size):
        band = ranked[start : start + size]
        confidence = sum(max(row) for row, _ in band) / size
        accuracy = sum(row.index(max(row)) == record for row, record in band) / size
        gaps.append(abs(confidence - accuracy))
    return sum(gaps) / len(gaps)


def slow_classwise_ece(probabilities: list[list[float]], recorded: list[int], bands: int) -> float:
    error = 0.0
    for count in range(4):
        for band in range(bands):
            inside = [
                (row[count], record == count)
                for row, record in zip(probabilities, recorded, strict=True)
                if band / bands < row[count] <= (band + 1) / bands
            ]
            if inside:
                mean = sum(chance for chance, _ in inside) / len(inside)
                share = sum(is_it for _, is_it in inside) / len(inside)
                error += len(inside) / len(recorded) * abs(mean - share)
    return error / 4


@given(st.integers(0, 2**32 - 1))
def test_adaptive_ece__as_counted_band_by_band(seed: int) -> None:
    probabilities, recorded = draw(seed)

    expected = slow_adaptive_ece(probabilities.tolist(), recorded.tolist(), 15)
    assert adaptive_ece(probabilities, recorded) == pytest.approx(expected)


@given(st.integers(0, 2**32 - 1))
def test_classwise_ece__as_counted_count_by_count(seed: int) -> None:
    probabilities, recorded = draw(seed)

    expected = slow_classwise_ece(probabilities.tolist(), recorded.tolist(), 15)
    assert classwise_ece(probabilities, recorded) == pytest.approx(expected)


def test_brier__is_sklearns() -> None:
    probabilities, recorded = draw(0)

    assert brier(probabilities, recorded) == pytest.approx(
        brier_score_loss(recorded, probabilities, labels=range(4), scale_by_half=False)
    )


@pytest.mark.parametrize("score", SCORES)
def test_scores__sure_and_right_is_perfect(score: Callable[..., float]) -> None:
    assert score(np.eye(4), np.arange(4)) == 0


@pytest.mark.parametrize(
    ("score", "worst"),
    [(adaptive_ece, 1.0), (classwise_ece, 0.5), (brier, 2.0)],
    ids=["adaptive_ece", "classwise_ece", "brier"],
)
def test_scores__sure_and_wrong(score: Callable[..., float], worst: float) -> None:
    assert score(np.eye(4), (np.arange(4) + 1) % 4) == pytest.approx(worst)


@pytest.mark.parametrize("score", SCORES)
def test_scores__of_no_bins(score: Callable[..., float]) -> None:
    assert np.isnan(score(np.zeros((0, 4)), np.zeros(0, np.int64)))


def test_scores__honest_probabilities_have_next_to_no_error(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(100_000)

    assert adaptive_ece(np.exp(honest), recorded) < 0.01
    assert classwise_ece(np.exp(honest), recorded) < 0.005


def test_cut_bands__are_of_equally_many_in_order() -> None:
    generator = np.random.default_rng(0)
    chances = generator.random(100)
    bands = cut_bands(chances, generator.random(100) < chances, band_count=8)

    assert bands.size.tolist() == [13, 13, 13, 13, 12, 12, 12, 12]
    assert (np.diff(bands.probability) >= 0).all()
    assert bands.probability[0] == pytest.approx(np.sort(chances)[:13].mean())


def test_cut_bands__of_fewer_than_bands() -> None:
    bands = cut_bands(np.array([0.9, 0.1, 0.5]), np.array([True, False, True]))

    assert bands.size.tolist() == [1, 1, 1]
    assert bands.probability.tolist() == [0.1, 0.5, 0.9]
    assert bands.share.tolist() == [0, 1, 1]
