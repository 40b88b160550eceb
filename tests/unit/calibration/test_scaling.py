import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from binrecon.calibration import Calibration, fit_calibration
from binrecon.calibration.scaling import HIGHEST_TEMPERATURE, LOWEST_TEMPERATURE, VECTOR_SPREAD
from binrecon.errors import CalibrationError

DrawBins = Callable[..., tuple[np.ndarray, np.ndarray]]

SHARES = np.array([0.05, 0.15, 0.2, 0.25, 0.2, 0.15])


def fit(log_probabilities: np.ndarray, recorded: np.ndarray, **settings: object) -> Calibration:
    settings = {"min_count": 0, "train_shares": SHARES, "method": "temperature", **settings}
    return fit_calibration(log_probabilities, recorded, **settings)  # type: ignore[arg-type]


def mean_nll(log_probabilities: np.ndarray, recorded: np.ndarray) -> float:
    return float(-log_probabilities[np.arange(len(recorded)), recorded].mean())


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_fit_calibration__finds_the_temperature_that_was_put_in(
    draw_bins: DrawBins, temperature: float
) -> None:
    honest, recorded = draw_bins(30_000)
    wrong = log_softmax(honest / temperature, axis=1)

    assert fit(wrong, recorded).temperature == pytest.approx(1 / temperature, rel=0.03)


def test_fit_calibration__no_temperature_of_a_fine_grid_is_better(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(300)
    wrong = log_softmax(3 * honest, axis=1)
    calibration = fit(wrong, recorded)
    grid = np.geomspace(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, 4001)
    nlls = [mean_nll(log_softmax(wrong / temperature, axis=1), recorded) for temperature in grid]

    assert calibration.temperature == pytest.approx(grid[np.argmin(nlls)], rel=2e-3)
    assert mean_nll(calibration.apply(wrong), recorded) <= min(nlls)


def test_fit_calibration__temperature_of_two_counts_is_sklearns_slope(draw_bins: DrawBins) -> None:
    generator = np.random.default_rng(3)
    logits = generator.standard_normal((500, 1)) * [[0, 2.0]]
    recorded = (generator.random(500) < 1 / (1 + np.exp(-1.3 * logits[:, 1]))).astype(np.int64)
    reference = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=1000)
    reference.fit(logits[:, 1:], recorded)

    calibration = fit(log_softmax(logits, axis=1), recorded, train_shares=[0.5, 0.5])

    assert calibration.scale[0] == pytest.approx(reference.coef_[0, 0], rel=1e-4)


def test_fit_calibration__vector_is_at_least_as_likely_as_temperature(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(3000)
    wrong = log_softmax(honest * [1, 2, 1, 0.5, 1, 1] + [0, 1, 0, -1, 0, 0], axis=1)
    temperature, vector = fit(wrong, recorded), fit(wrong, recorded, method="vector")

    assert mean_nll(vector.apply(wrong), recorded) < mean_nll(temperature.apply(wrong), recorded) - 0.04
    assert vector.temperature is None


def test_fit_calibration__vector_puts_right_what_was_done_to_each_count(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(20_000)
    scale, shift = np.array([0.8, 1.25, 1, 0.7, 1.4, 1]), np.array([0, 0.5, 0, -0.5, 0, 0.3])
    wrong = (honest - shift) / scale  # not normalised: these scales would not undo another normalisation
    calibration = fit(wrong, recorded, method="vector")

    assert np.abs(calibration.apply(wrong) - honest).max() < 0.8
    assert np.abs(np.exp(calibration.apply(wrong)) - np.exp(honest)).mean() < 0.012


def test_fit_calibration__vector_is_where_no_step_helps(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(400, seed=5)
    calibration, start = fit(honest, recorded, method="vector"), fit(honest, recorded)

    def cost(scale: np.ndarray, shift: np.ndarray) -> float:
        gap = np.concatenate([scale - start.scale, shift - start.shift]) / VECTOR_SPREAD
        return mean_nll(log_softmax(honest * scale + shift, axis=1), recorded) * 400 + gap @ gap / 2

    scale, shift = np.array(calibration.scale), np.array(calibration.shift)
    here = cost(scale, shift)
    steps = 1e-3 * np.random.default_rng(0).standard_normal((200, 2, 6))
    assert all(cost(scale + step[0], shift + step[1]) > here for step in steps)


def test_fit_calibration__few_bins_move_vector_scaling_little(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(20, seed=1)
    few = fit(honest, recorded, method="vector")
    steps = np.concatenate([np.array(few.scale) - 1 / fit(honest, recorded).temperature, few.shift])

    assert np.abs(steps).max() < 2 * VECTOR_SPREAD


@pytest.mark.parametrize("method", ["none", "temperature", "vector"])
def test_fit_calibration__is_deterministic(draw_bins: DrawBins, method: str) -> None:
    honest, recorded = draw_bins(200)

    assert fit(honest, recorded, method=method) == fit(honest.copy(), recorded.copy(), method=method)


def test_fit_calibration__none_leaves_log_probabilities_as_they_are(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(50)

    assert np.allclose(fit(honest, recorded, method="none").apply(honest), honest)


@pytest.mark.parametrize("method", ["temperature", "vector"])
def test_fit_calibration__bins_that_are_all_right_end_at_the_lowest_temperature(method: str) -> None:
    recorded = np.arange(6)
    sure = np.where(np.eye(6) > 0, 0.0, -3.0)

    assert fit(sure, recorded).temperature == pytest.approx(LOWEST_TEMPERATURE)
    assert np.isfinite(fit(sure, recorded, method=method).apply(sure)).all()


def test_fit_calibration__a_counter_that_is_always_wrong_ends_at_the_highest_temperature() -> None:
    calibration = fit(np.where(np.eye(6) > 0, 0.0, -3.0), (np.arange(6) + 1) % 6)

    assert calibration.temperature == pytest.approx(HIGHEST_TEMPERATURE)


def test_fit_calibration__a_balanced_counter_is_brought_back_to_the_world(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(20_000)
    balanced = log_softmax(honest - np.log(SHARES), axis=1)  # as if every count were equally common
    calibration = fit(balanced, recorded, seen_shares=np.full(6, 1 / 6))

    assert np.abs(np.exp(calibration.apply(balanced)) - np.exp(honest)).max() < 0.02
    assert calibration.temperature == pytest.approx(1, abs=0.04)


def test_log_likelihood__is_the_same_from_a_balanced_counter(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(20_000)
    balanced = log_softmax(honest - np.log(SHARES), axis=1)
    plain = fit(honest, recorded).log_likelihood(honest)
    other = fit(balanced, recorded, seen_shares=np.full(6, 1 / 6)).log_likelihood(balanced)

    assert np.abs(log_softmax(plain, axis=1) - log_softmax(other, axis=1)).mean() < 0.06


def test_log_likelihood__times_the_shares_is_the_calibrated_distribution(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(100)
    calibration = fit(honest, recorded)
    rebuilt = log_softmax(calibration.log_likelihood(honest) + np.log(SHARES), axis=1)

    assert np.allclose(rebuilt, calibration.apply(honest))


def test_log_likelihood__leaves_a_count_out_that_was_never_trained(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(500)
    shares = np.array([0, 0.2, 0.2, 0.25, 0.2, 0.15])
    calibration = fit(honest, recorded, train_shares=shares)
    likelihood = calibration.log_likelihood(honest)

    assert calibration.is_trained.tolist() == [False, True, True, True, True, True]
    assert (likelihood[:, 0] == -np.inf).all()
    assert np.isfinite(likelihood[:, 1:]).all()
    assert calibration.bins == (recorded != 0).sum()


def test_fit_calibration__no_bin_of_a_trained_count() -> None:
    with pytest.raises(CalibrationError) as caught:
        fit(np.zeros((2, 6)), np.zeros(2, np.int64), train_shares=[0, 1, 0, 0, 0, 0])

    assert str(caught.value) == (
        "none of 2 validation bins has a count that was trained; there is nothing to calibrate with: use more bins"
    )


@pytest.mark.parametrize(
    ("log_probabilities", "recorded", "message"),
    [
        (np.zeros((2, 5)), [0, 1], r"log_probabilities: must have shape \(N, 6\), got \(2, 5\)"),
        (np.full((2, 6), np.nan), [0, 1], "log_probabilities: NaN or infinite for 2 of 2 bins"),
        (np.zeros((2, 6)), [0, 6], r"recorded_class: must be within 0..5, got \[6\]; leave such bins out"),
        (
            np.zeros((2, 6)),
            [0.0, 1.0],
            r"recorded_class: must be integers of shape \(2,\), got float64 \(2,\)",
        ),
    ],
)
def test_fit_calibration__refuses(log_probabilities: np.ndarray, recorded: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(log_probabilities, np.array(recorded))


def test_apply__a_probability_of_zero_stays_finite(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(50)
    honest[:, 0] = -np.inf

    assert np.isfinite(fit(honest, recorded).apply(honest)).all()


@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 9),
    st.sampled_from(["none", "temperature", "vector"]),
    st.integers(0, 3),
)
def test_apply__rows_sum_to_one(seed: int, class_count: int, method: str, min_count: int) -> None:
    generator = np.random.default_rng(seed)
    logits = 5 * generator.standard_normal((12, class_count))
    recorded = generator.integers(class_count, size=12) + min_count
    shares = generator.dirichlet(np.ones(class_count))
    with warnings.catch_warnings(action="error"):
        calibration = fit(logits, recorded, train_shares=shares, method=method, min_count=min_count)
    applied = np.exp(calibration.apply(logits))

    assert np.allclose(applied.sum(axis=1), 1)
    if method == "temperature":
        assert (applied.argmax(axis=1) == logits.argmax(axis=1)).all()
