from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from binrecon.reconcile.evaluate.inject import KINDS, count_changes, draw_changes, find_odds
from binrecon.reconcile.evaluate.judged import JudgedBins

Judge = Callable[..., JudgedBins]
EQUAL = dict.fromkeys(KINDS, 1.0)


def with_counts(bins: JudgedBins, recorded: list[int], items: list[list[int]] | None = None) -> JudgedBins:
    return replace(bins, recorded=np.array(recorded), item_quantities=items)


def odds_of(bins: JudgedBins, kind: str) -> np.ndarray:
    return find_odds(bins, EQUAL).classes[:, KINDS.index(kind)]


@pytest.mark.parametrize(
    ("kind", "recorded", "expected"),
    [
        ("off_by_one", 0, [0, 1, 0, 0, 0, 0]),
        ("off_by_one", 3, [0, 0, 0.5, 0, 0.5, 0]),
        ("off_by_two", 5, [0, 0, 0, 1, 0, 0]),
        ("off_by_two", 2, [0.5, 0, 0, 0, 0.5, 0]),
        ("missing_sku", 3, [0, 0, 0, 0, 0.5, 0.5]),
        ("missing_sku", 5, [0, 0, 0, 0, 0, 0]),
    ],
)
def test_find_odds__of_a_kind(judge: Judge, kind: str, recorded: int, expected: list[float]) -> None:
    bins = with_counts(judge(2), [recorded, 1])
    assert odds_of(bins, kind)[0].tolist() == expected


def test_find_odds__a_sku_too_many_has_the_quantity_of_some_sku(judge: Judge) -> None:
    """Four SKUs of one item, two of three; the quantity 9 and 0 of others cannot be seen."""
    bins = with_counts(judge(4), [1, 2, 4, 3], [[1], [1, 1], [1, 3], [3, 0, 9]])
    expected = np.array([[0, 0, 4, 0, 2, 0], [0, 0, 0, 4, 0, 2], [0, 0, 0, 0, 0, 4], [0, 0, 0, 0, 4, 0]])
    np.testing.assert_allclose(odds_of(bins, "missing_sku"), expected / expected.sum(axis=1, keepdims=True))


def test_find_odds__a_swapped_record_is_that_of_a_bin_with_another_count(judge: Judge) -> None:
    bins = with_counts(judge(5), [1, 1, 1, 2, 4])
    assert odds_of(bins, "swap")[0].tolist() == [0, 0, 0.5, 0, 0.5, 0]
    assert odds_of(bins, "swap")[3] == pytest.approx([0, 0.75, 0, 0, 0.25, 0])


def test_find_odds__kinds_that_cannot_befall_a_bin_leave_their_share_to_others(judge: Judge) -> None:
    bins = with_counts(judge(3), [5, 5, 0])
    shares = {"off_by_one": 3.0, "off_by_two": 1.0, "missing_sku": 4.0, "swap": 0.0}
    np.testing.assert_allclose(
        find_odds(bins, shares).kinds, [[0.75, 0.25, 0, 0]] * 2 + [[0.375, 0.125, 0.5, 0]]
    )


def test_find_odds__never_a_count_that_the_counter_does_not_know(judge: Judge) -> None:
    bins = with_counts(judge(3), [1, 2, 4])
    likelihood = bins.log_likelihood.copy()
    likelihood[:, 3] = -np.inf
    odds = find_odds(replace(bins, log_likelihood=likelihood), EQUAL)
    assert not odds.classes[:, :, 3].any()
    assert odds.classes[1, KINDS.index("off_by_one")].tolist() == [0, 1, 0, 0, 0, 0]


def test_find_odds__no_error_is_possible(judge: Judge) -> None:
    bins = with_counts(judge(3), [5, 5, 5])
    with pytest.raises(
        ValueError, match=r"3 of 3 bins can have no error of these: off_by_one 0, off_by_two 0"
    ):
        find_odds(bins, {"off_by_one": 0, "off_by_two": 0, "missing_sku": 1, "swap": 1})


def test_draw_changes__each_draw_changes_so_many_bins_once(judge: Judge) -> None:
    bins = judge(40)
    changes = draw_changes(np.random.default_rng(0), find_odds(bins, EQUAL), 200, 7, np.arange(40))
    assert changes.bins.shape == changes.kinds.shape == changes.classes.shape == (200, 7)
    assert all(len(set(row)) == 7 for row in changes.bins.tolist())
    assert (changes.classes != bins.recorded[changes.bins]).all()
    assert changes.classes.min() >= 0
    assert changes.classes.max() <= 5
    assert np.bincount(changes.bins.ravel(), minlength=40) == pytest.approx(35, abs=20), "all alike"


def test_draw_changes__follows_the_odds(judge: Judge) -> None:
    bins = with_counts(judge(2), [2, 3])
    shares = {"off_by_one": 0.6, "off_by_two": 0.2, "missing_sku": 0.0, "swap": 0.2}
    changes = draw_changes(np.random.default_rng(0), find_odds(bins, shares), 20_000, 2, np.arange(2))
    said = changes.classes[changes.bins == 0]
    assert np.bincount(said, minlength=6) / len(said) == pytest.approx([0.1, 0.3, 0, 0.5, 0.1, 0], abs=0.015)
    kinds = np.bincount(changes.kinds.ravel(), minlength=4) / changes.kinds.size
    assert kinds == pytest.approx([0.6, 0.2, 0, 0.2], abs=0.015)


def test_draw_changes__same_seed_same_draws(judge: Judge) -> None:
    odds = find_odds(judge(30), EQUAL)
    first, again, other = (
        draw_changes(np.random.default_rng(seed), odds, 10, 3, np.arange(30)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (np.stack(first) != np.stack(other)).any()


def test_draw_changes__of_a_sample(judge: Judge) -> None:
    """A bin that was sampled twice may be changed twice in one draw, one that was not, never."""
    odds = find_odds(judge(30), EQUAL)
    changes = draw_changes(np.random.default_rng(0), odds, 50, 2, np.array([4, 4, 9]))
    assert set(changes.bins.ravel().tolist()) == {4, 9}
    assert [4, 4] in np.sort(changes.bins, axis=1).tolist()
    assert [9, 9] not in changes.bins.tolist()


def test_count_changes__at_least_one() -> None:
    assert [count_changes(rate, 466) for rate in (0.005, 0.01, 0.02, 0.05)] == [2, 5, 9, 23]
    assert count_changes(0.005, 3) == 1
