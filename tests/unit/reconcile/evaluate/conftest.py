"""Bins with the distributions of a counter that is right about itself."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import log_softmax

from binrecon.reconcile.evaluate.judged import JudgedBins


@pytest.fixture
def judge() -> Callable[..., JudgedBins]:
    """Bins whose recorded counts are drawn from what the counter says: `judge(300, seed=0)`."""

    def build(
        bin_count: int = 300, seed: int = 0, class_count: int = 6, sharpness: float = 2.0
    ) -> JudgedBins:
        rng = np.random.default_rng(seed)
        logits = sharpness * rng.normal(size=(bin_count, class_count))
        calibrated = np.asarray(log_softmax(logits, axis=1))
        reached = np.exp(calibrated).cumsum(axis=1)
        recorded = (reached[:, :-1] < rng.random((bin_count, 1))).sum(axis=1)
        shares = np.exp(calibrated).mean(axis=0)
        blurred = np.asarray(log_softmax(0.5 * logits, axis=1))
        return JudgedBins(blurred, calibrated, calibrated - np.log(shares), recorded, 0)

    return build
