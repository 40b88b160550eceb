import pytest
import torch

from binrecon.models.precision import widen


@pytest.mark.parametrize(
    ("dtype", "width"),
    [
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_widen(dtype: torch.dtype, width: torch.dtype) -> None:
    logits = torch.randn(3, 4).to(dtype)
    assert widen(logits).dtype == width
    assert torch.equal(widen(logits).to(dtype), logits)
