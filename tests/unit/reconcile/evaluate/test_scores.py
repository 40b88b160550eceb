"""Scores against scikit-learn, and against every order of equals and the published definitions by brute force."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from binrecon.reconcile.evaluate.inject import KINDS, Changes, draw_changes, find_odds
from binrecon.reconcile.evaluate.judged import JudgedBins
from binrecon.reconcile.evaluate.places import Places, find_places, find_places_by_count, to_levels
from binrecon.reconcile.evaluate.scores import (
    augrc,
    aurc,
    average_precision,
    count_flagged,
    find_within,
    tally_draws,
)

Judge = Callable[..., JudgedBins]


def orders_of(suspicion: np.ndarray) -> list[tuple[int, ...]]:
    """Every order of the bins, the most suspicious first, that the suspicions allow."""
    every = itertools.permutations(range(len(suspicion)))
    return [order for order in every if (np.diff(suspicion[list(order)]) <= 0).all()]


def place(suspicion: np.ndarray, is_wrong: np.ndarray) -> Places:
    """Place the wrong records of one draw among all: those of class 1, where the others have class 0."""
    table = np.stack([suspicion, suspicion], axis=1)
    bins = np.flatnonzero(is_wrong)[None]
    changes = Changes(bins, np.zeros_like(bins), np.ones_like(bins))
    return find_places(to_levels(table), np.zeros(len(suspicion), int), changes, np.arange(len(suspicion)))


def test_find_places__by_hand() -> None:
    places = place(np.array([0.1, 0.9, 0.4, 0.4, 0.4]), np.array([True, False, True, True, False]))
    assert places.above.tolist() == [[4, 1, 1]]
    assert places.level.tolist() == [[1, 3, 3]]
    assert places.wrong_above.tolist() == [[2, 0, 0]]
    assert places.wrong_level.tolist() == [[1, 2, 2]]


small = st.integers(2, 6).flatmap(
    lambda size: st.tuples(
        st.lists(st.integers(0, 2), min_size=size, max_size=size),
        st.lists(st.booleans(), min_size=size, max_size=size).filter(any),
    )
)


@settings(deadline=None, max_examples=60)
@given(small)
def test_scores__are_means_over_every_order_of_equals(case: tuple[list[int], list[bool]]) -> None:
    suspicion, is_wrong = np.array(case[0], float), np.array(case[1])
    size, places = len(suspicion), place(suspicion, is_wrong)
    orders = orders_of(suspicion)
    for paid in range(1, size + 1):
        found = np.mean([is_wrong[list(order[:paid])].sum() for order in orders])
        assert find_within(places, np.array([paid])) == pytest.approx([found])
    risks = [
        [is_wrong[list(order[size - i :])].sum() / i for i in range(1, size + 1)]  # of the i confirmed first
        for order in orders
    ]
    assert aurc(places) == pytest.approx([np.mean(risks)])


@settings(deadline=None, max_examples=60)
@given(small)
def test_augrc__is_the_area_below_the_published_curve(case: tuple[list[int], list[bool]]) -> None:
    """Generalized risk P(wrong, confirmed) over coverage P(confirmed), straight between the thresholds."""
    suspicion, is_wrong = np.array(case[0], float), np.array(case[1])
    thresholds = np.unique(suspicion)
    coverage = [0.0, *((suspicion <= one).mean() for one in thresholds)]
    risk = [0.0, *((is_wrong & (suspicion <= one)).mean() for one in thresholds)]
    assert augrc(place(suspicion, is_wrong)) == pytest.approx([np.trapezoid(risk, coverage)])


@pytest.mark.parametrize("levels", [3, 1000])
def test_augrc__follows_from_auroc_and_accuracy(levels: int) -> None:
    """Traub et al. 2024, arXiv:2407.01032: (1 - AUROC) acc (1 - acc) + (1 - acc)² / 2."""
    rng = np.random.default_rng(0)
    suspicion, is_wrong = rng.integers(levels, size=300).astype(float), rng.random(300) < 0.3
    accuracy = 1 - is_wrong.mean()
    expected = (1 - roc_auc_score(is_wrong, suspicion)) * accuracy * (1 - accuracy) + (1 - accuracy) ** 2 / 2
    assert augrc(place(suspicion, is_wrong)) == pytest.approx([expected])


@settings(deadline=None, max_examples=60)
@given(small)
def test_average_precision__is_that_of_scikit_learn(case: tuple[list[int], list[bool]]) -> None:
    suspicion, is_wrong = np.array(case[0], float), np.array(case[1])
    expected = average_precision_score(is_wrong, suspicion)
    assert average_precision(place(suspicion, is_wrong)) == pytest.approx([expected])


@settings(deadline=None, max_examples=30)
@given(st.integers(5, 80), st.integers(1, 5), st.sampled_from([0.005, 0.02, 0.3, 1.0]), st.integers(0, 99))
def test_tally_draws__at_random_the_lift_is_1(size: int, wrong: int, budget: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bins = np.stack([rng.choice(size, wrong, replace=False) for _ in range(3)])
    changes = Changes(bins, np.zeros_like(bins), np.ones_like(bins))
    places = find_places(np.zeros((size, 2), int), np.zeros(size, int), changes, np.arange(size))
    tally = tally_draws(places, [budget])
    np.testing.assert_allclose(tally.found / tally.flagged, wrong / size)
    np.testing.assert_allclose(tally.augrc, wrong / size / 2)
    np.testing.assert_allclose(tally.aurc, wrong / size)
    np.testing.assert_allclose(tally.average_precision, wrong / size)


def test_find_places__agree_with_sorting_each_draw(judge: Judge) -> None:
    """Changed records that move, ties among them included, of a sample with repeated bins."""
    bins = judge(120)
    rng = np.random.default_rng(1)
    levels = to_levels(rng.integers(6, size=(120, 6)).astype(float))
    sample = rng.integers(120, size=120)
    odds = find_odds(bins, dict.fromkeys(KINDS, 1.0))
    changes = draw_changes(rng, odds, 30, 9, np.arange(120))
    _check_draws(levels, bins.recorded, changes, np.arange(120))
    own = draw_changes(rng, odds, 30, 9, np.unique(sample))  # once each, so that copies stay right
    _check_draws(levels, bins.recorded, own, sample)


def _check_draws(levels: np.ndarray, recorded: np.ndarray, changes: Changes, sample: np.ndarray) -> None:
    places = find_places(levels, recorded, changes, sample)
    by_count = find_places_by_count(levels, recorded, changes, sample)
    for draw in range(len(changes.bins)):
        said, is_wrong = recorded[sample].copy(), np.zeros(len(sample), bool)
        for one, count in zip(changes.bins[draw], changes.classes[draw], strict=True):
            position = int(np.flatnonzero(sample == one)[0])
            said[position], is_wrong[position] = count, True
        suspicion = levels[sample, said].astype(float)
        row = Places(*(part[draw : draw + 1] for part in places))
        assert average_precision(row)[0] == pytest.approx(average_precision_score(is_wrong, suspicion))
        _check_area(row, suspicion, is_wrong)
        for count, within in enumerate(by_count):
            group = Places(*(part[draw : draw + 1] for part in within))
            assert group.size[0] == (said == count).sum()
            assert group.wrong[0] == is_wrong[said == count].sum()
            _check_area(group, suspicion[said == count], is_wrong[said == count])


def _check_area(places: Places, suspicion: np.ndarray, is_wrong: np.ndarray) -> None:
    """Compare with counting pairs."""
    size = len(suspicion)
    above = (suspicion > suspicion[is_wrong][:, None]).sum()
    level = (suspicion == suspicion[is_wrong][:, None]).sum()
    expected = (above + level / 2) / size**2 if size else np.nan
    assert augrc(places)[0] == pytest.approx(expected, nan_ok=True)


def test_scores__without_a_wrong_record_or_a_bin() -> None:
    nobody = Places(*[np.ones((1, 1), int)] * 4, counts=np.array([[False]]), size=np.array([4]))
    assert find_within(nobody, np.array([2])).tolist() == [0]
    assert (aurc(nobody)[0], augrc(nobody)[0]) == (0, 0)
    assert np.isnan(average_precision(nobody)[0])
    nothing = nobody._replace(size=np.array([0]))
    assert np.isnan([aurc(nothing)[0], augrc(nothing)[0], average_precision(nothing)[0]]).all()


def test_count_flagged__is_what_the_decision_takes() -> None:
    from binrecon.reconcile.budget import choose, parse_budget

    for size in (1, 7, 200, 460, 466, 1000):
        chosen = choose(np.linspace(0, 1, size), parse_budget("0.5%"))
        assert count_flagged(0.005, np.array([size])) == chosen.workload
