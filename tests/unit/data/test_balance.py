import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from binrecon.config.schema import DataConfig
from binrecon.data.balance import build_class_weights, draw_balanced, expected_shares
from binrecon.errors import ManifestError

WEIGHTS = DataConfig(min_count=1, max_count=3, balance="weights")


def draw(recorded_counts: list[int], seed: int = 0) -> list[int]:
    return draw_balanced(torch.tensor(recorded_counts), torch.Generator().manual_seed(seed)).tolist()


def spread(numbers: list[int]) -> int:
    return max(numbers) - min(numbers)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=80), st.integers(0, 5))
def test_draw_balanced__each_count_and_each_of_its_bins_equally_often(recorded: list[int], seed: int) -> None:
    places = draw(recorded, seed)
    assert len(places) == len(recorded)
    drawn = np.bincount(places, minlength=len(recorded))
    of_count = {count: [drawn[place] for place, c in enumerate(recorded) if c == count] for count in recorded}
    assert spread([sum(times) for times in of_count.values()]) <= 1
    assert all(spread(times) <= 1 for times in of_count.values())


def test_draw_balanced__in_mixed_order() -> None:
    recorded = [0] * 90 + [1] * 10
    counts = [recorded[place] for place in draw(recorded)]
    assert 10 < sum(counts[:50]) < 40, "not one count after the other"


def test_draw_balanced__chance_says_who_gets_one_more() -> None:
    favoured = {sum(place == 2 for place in draw([0, 0, 1], seed)) for seed in range(20)}
    assert favoured == {1, 2}


def test_draw_balanced__no_bins() -> None:
    assert draw_balanced(torch.zeros(0, dtype=torch.int64), torch.Generator()).tolist() == []


def test_build_class_weights__are_scikit_learns() -> None:
    recorded = torch.tensor([1] * 5 + [2] * 2 + [3] * 13)
    weights = build_class_weights(WEIGHTS, recorded)
    assert weights is not None
    expected = compute_class_weight("balanced", classes=np.array([1, 2, 3]), y=recorded.numpy())
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    assert weights[recorded - 1].mean().item() == pytest.approx(1), "the loss keeps its scale"


@pytest.mark.parametrize("balance", ["none", "sampler"])
def test_build_class_weights__only_if_asked(balance: str) -> None:
    assert build_class_weights(DataConfig(balance=balance), torch.tensor([0, 1])) is None


def test_build_class_weights__of_a_count_that_no_training_bin_has() -> None:
    with pytest.raises(ManifestError) as caught:
        build_class_weights(WEIGHTS, torch.tensor([1, 1]))
    assert str(caught.value) == (
        "data.balance=weights: no training bin has the count 2, 3, and nothing can be weighed up for it; "
        "add such bins, narrow data.min_count..data.max_count, or use data.balance=none"
    )


def test_expected_shares__one_bin_more_of_each_count() -> None:
    counts = torch.tensor([1, 1, 2])
    shares = expected_shares(DataConfig(min_count=1, max_count=3), counts)
    torch.testing.assert_close(shares, torch.tensor([3.0, 2.0, 1.0]) / 6)


def test_expected_shares__balanced_ones_are_equal() -> None:
    torch.testing.assert_close(expected_shares(WEIGHTS, torch.tensor([1, 1, 2])), torch.full((3,), 1 / 3))
