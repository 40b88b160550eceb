import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binrecon.reconcile.posterior import (
    expected_variance,
    p_match,
    posterior,
    posterior_of_bins,
    variance_probability,
)
from binrecon.reconcile.record_errors import RecordErrors

SHARES = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
TRANSITION = RecordErrors(0.02, 0.6, 0.1, 0.2, 0.1).transition(SHARES)

seeds = st.integers(0, 2**32 - 1)


def draw(seed: int, bins: int = 8) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return 4 * generator.standard_normal((bins, 5)), generator.integers(5, size=bins)


@given(seeds)
def test_posterior__is_bayes_count_by_count(seed: int) -> None:
    likelihood, recorded = draw(seed)
    posteriors = posterior(likelihood, recorded, TRANSITION)

    for place, (row, record) in enumerate(zip(likelihood.tolist(), recorded.tolist(), strict=True)):
        joint = [np.exp(row[count]) * TRANSITION[record, count] for count in range(5)]
        assert posteriors[place] == pytest.approx([part / sum(joint) for part in joint])
    assert np.allclose(posteriors.sum(axis=1), 1)


@given(seeds)
def test_posterior__without_errors_every_record_is_right(seed: int) -> None:
    likelihood, recorded = draw(seed)
    posteriors = posterior(likelihood, recorded, RecordErrors(0.0, 1, 1, 1, 1).transition(SHARES))

    assert (p_match(posteriors, recorded) == 1).all()
    assert (variance_probability(posteriors, recorded) == 0).all()
    assert (expected_variance(posteriors, recorded) == 0).all()


@given(seeds, st.floats(-50, 50))
def test_posterior__a_photo_that_says_nothing_leaves_the_record(seed: int, level: float) -> None:
    _, recorded = draw(seed)

    assert np.allclose(posterior(np.full((8, 5), level), recorded, TRANSITION), TRANSITION[recorded])


@given(seeds, st.floats(-1000, 1000))
def test_posterior__a_constant_of_a_bin_changes_nothing(seed: int, constant: float) -> None:
    likelihood, recorded = draw(seed)

    assert np.allclose(
        posterior(likelihood + constant, recorded, TRANSITION), posterior(likelihood, recorded, TRANSITION)
    )


@given(seeds)
def test_posterior__more_errors_make_more_variance(seed: int) -> None:
    likelihood, recorded = draw(seed)
    low, high = (
        variance_probability(
            posterior(likelihood, recorded, RecordErrors(rate, 1, 1, 1, 1).transition(SHARES)), recorded
        )
        for rate in (0.01, 0.05)
    )

    assert (low < high).all()


def test_posterior__is_right_as_often_as_it_says() -> None:
    """In a world that is as assumed: of the bins with a variance probability near p, a share p is wrong."""
    generator = np.random.default_rng(0)
    errors = RecordErrors(0.2, 0.6, 0.1, 0.2, 0.1)
    recorded = generator.choice(5, size=200_000, p=SHARES)
    transition = errors.transition(SHARES)
    true = (transition[recorded].cumsum(axis=1) < generator.random((200_000, 1))).sum(axis=1)
    seen = true + generator.normal(0, 0.7, 200_000)
    likelihood = -((seen[:, None] - np.arange(5)) ** 2) / (2 * 0.7**2)
    chances = variance_probability(posterior(likelihood, recorded, transition), recorded)

    for low in np.arange(0, 1, 0.1):
        in_band = (chances >= low) & (chances < low + 0.1)
        share = (true != recorded)[in_band].mean()
        assert share == pytest.approx(chances[in_band].mean(), abs=4 * np.sqrt(0.25 / in_band.sum()))


def test_posterior_of_bins__with_rows_of_the_transition_is_the_posterior() -> None:
    likelihood, recorded = draw(1)

    assert np.array_equal(
        posterior_of_bins(likelihood, recorded, TRANSITION[recorded]),
        posterior(likelihood, recorded, TRANSITION),
    )


def test_posterior__an_untrained_count_is_left_out() -> None:
    likelihood = np.array([[-np.inf, 0.0, 0.0, 0.0, 0.0]])
    posteriors = posterior(likelihood, np.array([1]), TRANSITION)

    assert posteriors[0, 0] == 0
    assert np.allclose(posteriors[0, 1:], TRANSITION[1, 1:] / TRANSITION[1, 1:].sum())


def test_posterior__a_record_of_an_untrained_count() -> None:
    likelihood = np.array([[-np.inf, 0.0, 0.0, 0.0, 0.0]])

    with pytest.raises(ValueError, match=r"1 of 1 bins are recorded with a count that the counter was not"):
        posterior(likelihood, np.array([0]), TRANSITION)


def test_posterior__refuses_rows_of_bins() -> None:
    with pytest.raises(ValueError, match=r"transition: must have shape \(5, 5\), got \(8, 5\)"):
        posterior(np.zeros((8, 5)), np.zeros(8, np.int64), np.zeros((8, 5)))


def test_posterior_of_bins__refuses_another_shape() -> None:
    with pytest.raises(ValueError, match=r"transitions: must have shape \(8, 5\), got \(5, 5\)"):
        posterior_of_bins(np.zeros((8, 5)), np.zeros(8, np.int64), TRANSITION)


def test_variance_probability__keeps_digits_that_one_minus_p_match_loses() -> None:
    posteriors = posterior(np.array([[0.0, 50.0, 0.0, 0.0, 0.0]]), np.array([1]), TRANSITION)

    assert 1 - p_match(posteriors, np.array([1]))[0] == 0
    assert 0 < variance_probability(posteriors, np.array([1]))[0] < 1e-20


def test_expected_variance__by_hand() -> None:
    posteriors = np.array([[0.1, 0.6, 0.3, 0.0, 0.0]])

    assert expected_variance(posteriors, np.array([1]))[0] == pytest.approx(0.4)
    assert expected_variance(posteriors, np.array([0]))[0] == pytest.approx(1.2)
