from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from binrecon.config.record_errors import RecordErrorsConfig
from binrecon.reconcile.record_errors import LEAST_SHARE, RecordErrors

SHARES = np.array([0.1, 0.2, 0.4, 0.3])
NOTHING = RecordErrors(rate=0.1, off_by_one=0, off_by_two=0, missing_sku=0, swap=0)

weights = st.just(0.0) | st.floats(1e-6, 10)  # sums of odds below 1e-308 have no digits left


@st.composite
def assumptions(draw: st.DrawFn) -> RecordErrors:
    return RecordErrors(draw(st.floats(0, 0.999)), *(draw(weights) for _ in range(4)))


def by_bayes(errors: RecordErrors, shares: np.ndarray) -> np.ndarray:
    """P(true | recorded) by going through every way in which a record comes about, one after the other."""
    counts = range(len(shares))
    joint = np.zeros((len(shares), len(shares)))  # recorded, true
    for true in counts:
        ways = [
            (errors.off_by_one, {count: 1.0 for count in counts if abs(count - true) == 1}),
            (errors.off_by_two, {count: 1.0 for count in counts if abs(count - true) == 2}),
            (errors.missing_sku, {count: 1.0 for count in counts if count > true}),
            (errors.swap, {count: shares[count] for count in counts if count != true}),
        ]
        possible = [(weight, said) for weight, said in ways if weight > 0 and said]
        joint[true, true] = shares[true] * (1 - errors.rate * bool(possible))
        for weight, said in possible:
            share_of_kind = weight / sum(one for one, _ in possible)
            for count, odds in said.items():
                chance = errors.rate * share_of_kind * odds / sum(said.values())
                joint[count, true] += shares[true] * chance
    return joint / joint.sum(axis=1, keepdims=True)


@given(assumptions(), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_transition__is_bayes(errors: RecordErrors, class_count: int, seed: int) -> None:
    shares = np.random.default_rng(seed).dirichlet(np.full(class_count, 5.0)).clip(LEAST_SHARE)
    np.testing.assert_allclose(errors.transition(shares), by_bayes(errors, shares), atol=1e-12)


@given(assumptions(), st.integers(0, 2**32 - 1))
def test_transition__of_all_records_as_many_are_wrong_as_the_rate_says(
    errors: RecordErrors, seed: int
) -> None:
    """With the shares that records then have: P(recorded) = sum over true counts."""
    shares = np.random.default_rng(seed).dirichlet(np.full(5, 5.0)).clip(LEAST_SHARE)
    transition = errors.transition(shares)
    of_records = np.linalg.lstsq(transition.T, shares / shares.sum(), rcond=None)[0]
    can_be_wrong = any((errors.off_by_one, errors.off_by_two, errors.swap))
    assume(can_be_wrong and errors.rate < 0.3)
    assert of_records @ (1 - transition.diagonal()) == pytest.approx(errors.rate, abs=1e-6)


def test_transition__by_hand() -> None:
    """Of the bins with one item, a twentieth is recorded with 0: half as often as an empty bin is with 1."""
    transition = replace(NOTHING, off_by_one=1.0).transition(SHARES)

    assert np.allclose(transition[0], [0.09 / 0.1, 0.1 * 0.2 / 2 / 0.1, 0, 0])
    assert np.allclose(transition[1], np.array([0.1 * 0.1, 0.9 * 0.2, 0.05 * 0.4, 0]) / 0.21)


def test_transition__weights_are_ratios() -> None:
    one = replace(NOTHING, off_by_one=0.6, swap=0.2).transition(SHARES)

    assert np.allclose(one, replace(NOTHING, off_by_one=3, swap=1).transition(SHARES))


def test_transition__no_count_is_ruled_out_because_no_record_has_it() -> None:
    transition = replace(NOTHING, off_by_one=1.0).transition(np.array([0.0, 1.0, 0.0]))

    assert transition[1, 0] == pytest.approx(0.1 * LEAST_SHARE / (0.9 + 2 * 0.1 * LEAST_SHARE))
    assert transition[0, 0] == pytest.approx(0.9 * LEAST_SHARE / (0.9 * LEAST_SHARE + 0.05))


def test_bin_transitions__a_missing_sku_takes_its_quantity() -> None:
    errors = replace(NOTHING, missing_sku=1.0)
    transitions = errors.bin_transitions(np.array([3, 3, 3, 3]), SHARES, [[3], [1, 2], [1, 1, 1], []])
    missing = 0.1 * np.array([0.1 / 3, 0.2 / 2, 0.4])  # lead from 0, 1 and 2 items to 3
    total = missing.sum() + 0.3

    assert np.allclose(
        transitions * total,
        [
            [missing.sum(), 0, 0, 0.3],  # the only one: the bin is empty
            [0, missing.sum() / 2, missing.sum() / 2, 0.3],
            [0, 0, missing.sum(), 0.3],
            [*missing, 0.3],  # items not known
        ],
    )


def test_bin_transitions__quantities_that_lead_out_of_the_range() -> None:
    """Where class 0 is one item, a record of two that lists both, or more than it has, says nothing more."""
    errors = replace(NOTHING, missing_sku=1.0)
    transitions = errors.bin_transitions(np.array([1, 1, 1]), SHARES, [[2], [9], [0, 1]])

    assert np.allclose(transitions, errors.transition(SHARES)[[1, 1, 1]])


@given(assumptions(), st.integers(0, 2**32 - 1))
def test_bin_transitions__without_items_are_rows_of_the_transition(errors: RecordErrors, seed: int) -> None:
    recorded = np.random.default_rng(seed).integers(4, size=9)

    assert np.array_equal(
        errors.bin_transitions(recorded, SHARES, [[]] * 9), errors.transition(SHARES)[recorded]
    )


def test_bin_transitions__of_no_bins() -> None:
    assert NOTHING.bin_transitions(np.zeros(0, np.int64), SHARES, []).shape == (0, 4)


def test_of__takes_every_assumption() -> None:
    config = RecordErrorsConfig(rate=0.1, off_by_one=1, off_by_two=2, missing_sku=3, swap=4)

    assert RecordErrors.of(config) == RecordErrors(0.1, 1, 2, 3, 4)
