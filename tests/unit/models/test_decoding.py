from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from binrecon.models.decoding import argmax_count, mean_count, median_count, rounded_mean_count

Decode = Callable[[torch.Tensor, int], torch.Tensor]


def draw_logits(bin_count: int, class_count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(bin_count, class_count, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("min_count", [0, 1, 7])
def test_argmax_count(min_count: int) -> None:
    logits = draw_logits(50, 6, seed=0)

    counts = argmax_count(logits, min_count)

    assert counts.dtype == torch.int64
    np.testing.assert_array_equal(counts, logits.numpy().argmax(axis=1) + min_count)


def test_argmax_count__tie_takes_the_smaller_count() -> None:
    assert argmax_count(torch.zeros(2, 4), min_count=1).tolist() == [1, 1]


@given(seed=st.integers(0, 1000), class_count=st.integers(1, 12), min_count=st.integers(0, 5))
def test_mean_and_median__match_numpy(seed: int, class_count: int, min_count: int) -> None:
    logits = draw_logits(20, class_count, seed)
    weights = np.exp(logits.numpy())
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    counts = np.arange(min_count, min_count + class_count)
    medians = [counts[np.searchsorted(np.cumsum(row), 0.5)] for row in probabilities]

    assert median_count(logits, min_count).tolist() == medians
    np.testing.assert_allclose(mean_count(logits, min_count), probabilities @ counts)
    assert rounded_mean_count(logits, min_count).tolist() == np.floor(probabilities @ counts + 0.5).tolist()


@pytest.mark.parametrize(
    ("decode", "cost"),
    [
        (argmax_count, lambda distance: distance != 0),
        (rounded_mean_count, np.square),
        (median_count, np.abs),
    ],
    ids=["argmax is right most often", "rounded mean: squared error", "median: absolute error"],
)
def test_decoding__has_the_least_cost_to_be_expected(decode: Decode, cost: Callable[..., np.ndarray]) -> None:
    logits = draw_logits(500, 6, seed=3)
    probabilities = logits.softmax(dim=1).numpy()
    costs = np.array([[cost(answer - count) for answer in range(6)] for count in range(6)])
    expected = probabilities @ costs

    assert expected[np.arange(500), decode(logits, 0)] == pytest.approx(expected.min(axis=1))


@pytest.mark.parametrize(
    ("class_count", "min_count", "rounded"), [(2, 0, 1), (2, 1, 2), (6, 0, 3), (6, 1, 4)]
)
def test_rounded_mean_count__a_half_is_rounded_up(class_count: int, min_count: int, rounded: int) -> None:
    """Equally likely counts have a mean of 0.5, 1.5, 2.5 and 3.5."""
    assert rounded_mean_count(torch.zeros(1, class_count), min_count).tolist() == [rounded]


def test_mean_count__lies_between_the_counts() -> None:
    means = mean_count(draw_logits(200, 5, seed=1), min_count=1)

    assert means.min() >= 1
    assert means.max() <= 5


def test_median_count__reaches_one_half_exactly() -> None:
    assert median_count(torch.zeros(1, 4), min_count=0).tolist() == [1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_logits__are_computed_in_float32(dtype: torch.dtype) -> None:
    logits = draw_logits(50, 6, seed=2).to(dtype)

    assert mean_count(logits, 0).dtype == torch.float32
    torch.testing.assert_close(mean_count(logits, 0), mean_count(logits.float(), 0), rtol=0, atol=0)
    torch.testing.assert_close(median_count(logits, 0), median_count(logits.float(), 0))
    torch.testing.assert_close(rounded_mean_count(logits, 0), rounded_mean_count(logits.float(), 0))
    torch.testing.assert_close(argmax_count(logits, 0), argmax_count(logits.float(), 0))


@pytest.mark.parametrize("decode", [argmax_count, mean_count, rounded_mean_count, median_count])
def test_decoding__of_no_bins(decode: Decode) -> None:
    assert decode(torch.zeros(0, 6), 0).shape == (0,)
