import math

import pytest
import torch
import torch.nn.functional as F

from binrecon.config.schema import CrossEntropyConfig, LossConfig, SoftLabelsConfig
from binrecon.models.losses import build_loss, cross_entropy, soft_label_loss, stack_losses


def test_cross_entropy__by_hand() -> None:
    logits = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]).log()
    losses = cross_entropy(logits, torch.tensor([0, 1]))
    assert losses.tolist() == pytest.approx([math.log(2), math.log(10)])


def test_cross_entropy__smoothed_by_hand() -> None:
    """0.3 of the label is spread over three classes: 0.8, 0.1 and 0.1."""
    losses = cross_entropy(torch.tensor([[0.5, 0.25, 0.25]]).log(), torch.tensor([0]), 0.3)
    assert losses.item() == pytest.approx(0.8 * math.log(2) + 0.2 * math.log(4))


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_cross_entropy__is_torchs(label_smoothing: float) -> None:
    logits, classes = 5 * torch.randn(50, 6), torch.randint(6, (50,))
    torch.testing.assert_close(
        cross_entropy(logits, classes, label_smoothing),
        F.cross_entropy(logits, classes, reduction="none", label_smoothing=label_smoothing),
    )


def test_cross_entropy__half_precision_is_computed_in_float32() -> None:
    logits, classes = torch.randn(4, 6, dtype=torch.bfloat16), torch.tensor([0, 1, 2, 3])
    losses = cross_entropy(logits, classes)
    assert losses.dtype == torch.float32
    torch.testing.assert_close(losses, cross_entropy(logits.float(), classes))


def test_soft_label_loss__by_hand() -> None:
    """Log-odds of 0 cost ln 2 whatever is true; of ln 3 they cost ln(4/3) if true and ln 4 if not."""
    logits = torch.tensor([[math.log(3), 0.0, 0.0, math.log(3)]])
    single = math.log(8) - math.log(3)  # the softmax gives 3/8, 1/8, 1/8, 3/8
    multi = (math.log(4 / 3) + 2 * math.log(2) + math.log(4)) / 4  # of classes 0 and 1; 2 and 3 are wrong
    loss = soft_label_loss(logits, torch.tensor([0]), 0.25)
    assert loss.item() == pytest.approx(0.75 * single + 0.25 * multi)


@pytest.mark.parametrize(
    ("recorded", "right"), [(0, [0, 1]), (2, [1, 2, 3]), (3, [2, 3])], ids=["first", "inner", "last"]
)
def test_soft_label_loss__neighbours_are_right(recorded: int, right: list[int]) -> None:
    logits, labels = torch.randn(1, 4), torch.zeros(1, 4)
    labels[0, right] = 1
    expected = F.multilabel_soft_margin_loss(logits, labels)
    assert soft_label_loss(logits, torch.tensor([recorded]), 1.0).item() == pytest.approx(expected.item())


def test_soft_label_loss__without_weight_is_cross_entropy() -> None:
    logits, classes = torch.randn(5, 6), torch.tensor([0, 1, 2, 4, 5])
    torch.testing.assert_close(soft_label_loss(logits, classes, 0.0), cross_entropy(logits, classes))


@pytest.mark.parametrize(
    "configs",
    [
        [CrossEntropyConfig(label_smoothing=share) for share in (0.0, 0.1, 0.5)],
        [SoftLabelsConfig(soft_weight=share) for share in (0.0, 0.5, 1.0)],
    ],
    ids=["cross_entropy", "soft_labels"],
)
def test_stack_losses__are_those_of_each(configs: list[LossConfig]) -> None:
    logits, classes = torch.randn(7, 3, 6), torch.randint(6, (7,))
    alone = [build_loss(config)(logits[:, place], classes) for place, config in enumerate(configs)]
    torch.testing.assert_close(stack_losses(configs)(logits, classes), torch.stack(alone, dim=1))


def test_build_loss__of_no_kind() -> None:
    with pytest.raises(TypeError, match="no loss is built from LossConfig"):
        build_loss(LossConfig())
