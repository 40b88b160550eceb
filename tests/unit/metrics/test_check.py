import math

import pytest
import torch

from binrecon.metrics.functional import tally_batch


@pytest.mark.parametrize(
    ("recorded", "min_count", "message"),
    [
        ([0, 6, 9, 9], 0, r"must be within 0\.\.5, got \[6, 9\]; leave such bins out or widen the range"),
        ([0, 1, 2, 3], 1, r"must be within 1\.\.6, got \[0\]"),
        ([1, -1, 2, 3], 0, r"must be within 0\.\.5, got \[-1\]"),
    ],
)
def test_tally_batch__count_without_a_class(recorded: list[int], min_count: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tally_batch(torch.zeros(4, 6), torch.tensor(recorded), min_count)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_tally_batch__diverged_model(value: float) -> None:
    logits = torch.zeros(4, 6)
    logits[2, 1] = value

    with pytest.raises(
        ValueError, match="not finite for 1 of 4 bins: the model diverged; lower the learning"
    ):
        tally_batch(logits, torch.tensor([0, 1, 2, 3]), 0)


@pytest.mark.parametrize(
    ("logits", "recorded", "message"),
    [
        (torch.zeros(4), torch.zeros(4).long(), r"shape \(B, C\), got torch.float32 \(4,\)"),
        (torch.zeros(4, 0), torch.zeros(4).long(), r"shape \(B, C\), got torch.float32 \(4, 0\)"),
        (torch.zeros(4, 6).long(), torch.zeros(4).long(), "must be a float tensor .* got torch.int64"),
        (
            torch.zeros(4, 6),
            torch.zeros(3).long(),
            r"integer tensor of shape \(4,\) .* got torch.int64 \(3,\)",
        ),
        (torch.zeros(4, 6), torch.zeros(4), r"integer tensor of shape \(4,\) .* got torch.float32"),
        (torch.zeros(4, 6), torch.zeros(4).bool(), r"integer tensor of shape \(4,\) .* got torch.bool"),
    ],
)
def test_tally_batch__misshapen(logits: torch.Tensor, recorded: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tally_batch(logits, recorded, 0)
