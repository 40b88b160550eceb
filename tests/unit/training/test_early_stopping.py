import math

import pytest
import torch
from pytorch_lightning.callbacks import EarlyStopping

from binrecon.training.early_stopping import find_stop


def lightnings_stop(values: list[float], mode: str, patience: int) -> int | None:
    """What Lightning's own early stopping says, asked epoch by epoch."""
    theirs = EarlyStopping("x", patience=patience, mode=mode, strict=False)
    for epoch, value in enumerate(values, start=1):
        current = torch.tensor(value, dtype=torch.float64)
        should_stop, _ = theirs._evaluate_stopping_criteria(current)
        if should_stop:
            return epoch
    return None


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("patience", [1, 2, 3])
@pytest.mark.parametrize(
    "values",
    [
        [],
        [0.5],
        [0.5, 0.5, 0.5, 0.5],
        [0.5, 0.4, 0.6, 0.3, 0.7, 0.8, 0.9, 0.1],
        [0.1, 0.2, 0.3, 0.4],
        [0.5, math.nan, 0.1],
        [math.inf, 0.1],
    ],
)
def test_find_stop__as_lightning(values: list[float], patience: int, mode: str) -> None:
    assert find_stop(values, mode, patience) == lightnings_stop(values, mode, patience)


def test_find_stop__never() -> None:
    assert find_stop([0.1] * 50, "min", None) is None
