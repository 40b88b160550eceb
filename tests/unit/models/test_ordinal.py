import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from binrecon.models.ordinal import (
    CoralLink,
    CornLink,
    coral_log_probabilities,
    corn_log_probabilities,
)

Floats = NDArray[np.float64]


def sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-values)))


def compute_coral(values: Floats, steps: Floats) -> Floats:
    """Cao et al. 2020, with biases that begin at 0 and fall by softplus(step)."""
    biases = -np.concatenate([[0], np.cumsum(np.log1p(np.exp(steps)))])
    above = sigmoid(values + biases)  # P(y > k)
    ends = np.ones((len(values), 1)), np.zeros((len(values), 1))
    return np.asarray(-np.diff(np.hstack([ends[0], above, ends[1]])))


def compute_corn(values: Floats) -> Floats:
    """Shi et al. 2021: P(y > k) is the product of the conditional probabilities up to k."""
    above = np.cumprod(sigmoid(values), axis=1)
    ends = np.ones((len(values), 1)), np.zeros((len(values), 1))
    return np.asarray(-np.diff(np.hstack([ends[0], above, ends[1]])))


def above_each(log_probabilities: torch.Tensor) -> torch.Tensor:
    """Return P(y > k) for every class k but the last."""
    return log_probabilities.exp().flip(-1).cumsum(-1).flip(-1)[..., 1:]


@pytest.mark.parametrize("class_count", [2, 3, 6, 13])
def test_coral_log_probabilities__are_the_papers(class_count: int) -> None:
    values = 3 * torch.randn(50, 1, dtype=torch.float64)
    steps = torch.randn(class_count - 2, dtype=torch.float64)
    probabilities = coral_log_probabilities(values, steps).exp()
    np.testing.assert_allclose(probabilities, compute_coral(values.numpy(), steps.numpy()), atol=1e-12)


@pytest.mark.parametrize("class_count", [2, 3, 6, 13])
def test_corn_log_probabilities__are_the_papers(class_count: int) -> None:
    values = 3 * torch.randn(50, class_count - 1, dtype=torch.float64)
    np.testing.assert_allclose(corn_log_probabilities(values).exp(), compute_corn(values.numpy()), atol=1e-12)


@pytest.mark.parametrize("step", [-80.0, -5.0, 0.0, 5.0, 80.0])
@pytest.mark.parametrize("value", [-1e6, -90.0, 0.0, 90.0, 1e6])
def test_coral_log_probabilities__are_finite_and_in_order(value: float, step: float) -> None:
    """In float32 the sigmoids of such thresholds are equal, and a difference of them would be 0."""
    values = torch.full((1, 1), value, requires_grad=True)
    steps = torch.full((4,), step, requires_grad=True)
    log_probabilities = coral_log_probabilities(values, steps)
    assert log_probabilities.isfinite().all()
    assert log_probabilities.exp().sum().item() == pytest.approx(1)
    assert (above_each(log_probabilities).diff() <= 1e-6).all()
    log_probabilities.sum().backward()
    assert values.grad is not None
    assert steps.grad is not None
    assert values.grad.isfinite().all()
    assert steps.grad.isfinite().all()


@pytest.mark.parametrize("value", [-1e6, -90.0, 0.0, 90.0, 1e6])
def test_corn_log_probabilities__are_finite_and_in_order(value: float) -> None:
    values = torch.full((1, 5), value, requires_grad=True)
    log_probabilities = corn_log_probabilities(values)
    assert log_probabilities.isfinite().all()
    assert log_probabilities.exp().sum().item() == pytest.approx(1)
    assert (above_each(log_probabilities).diff() <= 0).all()
    log_probabilities.sum().backward()
    assert values.grad is not None
    assert values.grad.isfinite().all()


@pytest.mark.parametrize("class_count", [2, 3, 6])
def test_coral_link__starts_with_all_counts_equally_likely(class_count: int) -> None:
    link = CoralLink(class_count)
    probabilities = link(torch.full((1, 1), link.first_bias)).exp()
    torch.testing.assert_close(probabilities, torch.full((1, class_count), 1 / class_count))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_links__compute_half_precision_in_float32(dtype: torch.dtype) -> None:
    for link, width in ((CoralLink(6), 1), (CornLink(), 5)):
        values = (3 * torch.randn(20, width)).to(dtype)
        assert link(values).dtype == torch.float32
        torch.testing.assert_close(link(values), link(values.float()), rtol=0, atol=0)


def build_coral_link() -> CoralLink:
    link = CoralLink(6)
    nn.init.normal_(link.steps)
    return link
