import numpy as np
import pytest

from binrecon.reconcile.budget import choose, parse_budget

CHANCES = np.array([0.02, 0.9, 0.1, 0.5, 0.1])


def test_choose__a_number_of_bins() -> None:
    choice = choose(CHANCES, parse_budget("2 bins"))

    assert choice.is_chosen.tolist() == [False, True, False, True, False]
    assert choice.threshold == 0.5
    assert choice.workload == 2
    assert choice.expected_finds == pytest.approx(1.4)
    assert choice.precision == pytest.approx(0.7)
    assert choice.expected_variances == pytest.approx(1.62)
    assert choice.recall == pytest.approx(1.4 / 1.62)


@pytest.mark.parametrize(
    ("budget", "bins"), [("40%", 2), ("59%", 2), ("60%", 3), ("100%", 5), ("0.5%", 1), ("7 bins", 5)]
)
def test_choose__how_many(budget: str, bins: int) -> None:
    assert choose(CHANCES, parse_budget(budget)).workload == bins


def test_choose__of_equals_those_that_come_first() -> None:
    assert choose(CHANCES, parse_budget("3 bins")).is_chosen.tolist() == [False, True, True, True, False]


@pytest.mark.parametrize(("budget", "bins"), [("1:40", 4), ("1:10", 4), ("1:2", 2), ("1:1", 0), ("2:5", 2)])
def test_choose__what_pays(budget: str, bins: int) -> None:
    assert choose(CHANCES, parse_budget(budget)).workload == bins


def test_choose__a_cost_ratio_is_cheapest_of_all_thresholds() -> None:
    chances = np.random.default_rng(0).random(300) ** 4
    is_chosen = choose(chances, parse_budget("1:8")).is_chosen

    def cost(is_recounted: np.ndarray) -> float:
        return is_recounted.sum() + 8 * chances[~is_recounted].sum()

    assert cost(is_chosen) == min(cost(chances >= threshold) for threshold in [*chances, 2.0])


@pytest.mark.parametrize("budget", ["0.5%", "3 bins", "1:40"])
def test_choose__of_no_bins(budget: str) -> None:
    choice = choose(np.zeros(0), parse_budget(budget))

    assert choice.workload == 0
    assert np.isnan(choice.precision)
    assert np.isnan(choice.recall)


@pytest.mark.parametrize("chance", [np.nan, -0.1, 1.1])
def test_choose__refuses(chance: float) -> None:
    with pytest.raises(ValueError, match=r"variance_probability: not within 0\.\.1 for 1 of 2 bins"):
        choose(np.array([0.5, chance]), parse_budget("1%"))
