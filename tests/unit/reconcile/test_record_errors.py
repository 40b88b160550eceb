from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binrecon.config.record_errors import RecordErrorsConfig
from binrecon.reconcile.record_errors import RecordErrors

SHARES = np.array([0.1, 0.2, 0.4, 0.3])
NOTHING = RecordErrors(rate=0.1, off_by_one=0, off_by_two=0, missing_sku=0, swap=0)

weights = st.floats(0, 10)


@st.composite
def assumptions(draw: st.DrawFn) -> RecordErrors:
    return RecordErrors(draw(st.floats(0, 0.999)), *(draw(weights) for _ in range(4)))


@given(assumptions(), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_transition__rows_sum_to_one_and_keep_the_rate(
    errors: RecordErrors, class_count: int, seed: int
) -> None:
    transition = errors.transition(np.random.default_rng(seed).dirichlet(np.ones(class_count)))

    assert (transition >= 0).all()
    assert np.allclose(transition.sum(axis=1), 1)
    can_be_wrong = (transition - np.eye(class_count)).any(axis=1)
    assert np.allclose(transition.diagonal()[can_be_wrong], 1 - errors.rate)


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("off_by_one", [[0.9, 0.1, 0, 0], [0.05, 0.9, 0.05, 0], [0, 0.05, 0.9, 0.05], [0, 0, 0.1, 0.9]]),
        ("off_by_two", [[0.9, 0, 0.1, 0], [0, 0.9, 0, 0.1], [0.1, 0, 0.9, 0], [0, 0.1, 0, 0.9]]),
        (
            "missing_sku",
            [[1, 0, 0, 0], [0.1, 0.9, 0, 0], [0.05, 0.05, 0.9, 0], [0.1 / 3, 0.1 / 3, 0.1 / 3, 0.9]],
        ),
        (
            "swap",
            [
                [0.9, 0.1 * 2 / 9, 0.1 * 4 / 9, 0.1 * 3 / 9],
                [0.1 * 1 / 8, 0.9, 0.1 * 4 / 8, 0.1 * 3 / 8],
                [0.1 * 1 / 6, 0.1 * 2 / 6, 0.9, 0.1 * 3 / 6],
                [0.1 * 1 / 7, 0.1 * 2 / 7, 0.1 * 4 / 7, 0.9],
            ],
        ),
    ],
)
def test_transition__of_one_kind(kind: str, rows: list[list[float]]) -> None:
    assert np.allclose(replace(NOTHING, **{kind: 1.0}).transition(SHARES), rows)


def test_transition__weights_are_ratios() -> None:
    one = replace(NOTHING, off_by_one=0.6, swap=0.2).transition(SHARES)

    assert np.allclose(one, replace(NOTHING, off_by_one=3, swap=1).transition(SHARES))
    assert one[1, 0] == pytest.approx(0.1 * (0.75 * 0.5 + 0.25 * 1 / 8))


def test_transition__what_cannot_have_happened_makes_the_rest_likelier() -> None:
    """At 0 items no SKU can be missing, so that all errors are of the other kind."""
    transition = replace(NOTHING, off_by_one=0.5, missing_sku=0.5).transition(SHARES)

    assert np.allclose(transition[0], [0.9, 0.1, 0, 0])


def test_bin_transitions__a_missing_sku_takes_its_quantity() -> None:
    errors = replace(NOTHING, missing_sku=1.0)
    transitions = errors.bin_transitions(np.array([3, 3, 3, 3]), SHARES, [[3], [1, 2], [1, 1, 1], []])

    assert np.allclose(
        transitions,
        [
            [0.1, 0, 0, 0.9],  # the only one: the bin is empty
            [0, 0.05, 0.05, 0.9],
            [0, 0, 0.1, 0.9],
            [0.1 / 3, 0.1 / 3, 0.1 / 3, 0.9],  # items not known
        ],
    )


def test_bin_transitions__quantities_that_lead_out_of_the_range() -> None:
    """Where class 0 is one item, a bin of two that loses both, or more than it has, is none of the counts."""
    errors = replace(NOTHING, missing_sku=1.0)
    transitions = errors.bin_transitions(np.array([1, 1, 1]), SHARES, [[2], [9], [0, 1]])

    assert np.allclose(transitions, [[0, 1, 0, 0], [0, 1, 0, 0], [0.1, 0.9, 0, 0]])


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
