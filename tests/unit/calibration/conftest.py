from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import log_softmax

SHARES = np.array([0.05, 0.15, 0.2, 0.25, 0.2, 0.15])


@pytest.fixture
def draw_bins() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Draw honest log-probabilities of six counts, and counts as likely as those say."""

    def draw(bin_count: int, seed: int = 0, spread: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
        generator = np.random.default_rng(seed)
        logits = np.log(SHARES) + spread * generator.standard_normal((bin_count, 6))
        honest = log_softmax(logits, axis=1)
        uniform = generator.random((bin_count, 1))
        recorded = (np.exp(honest).cumsum(axis=1) < uniform).sum(axis=1).clip(max=5)
        return honest, recorded

    return draw
