import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from binrecon.config.schema import LossConfig
from binrecon.models.losses.build import Loss, settings_in_common, stack_losses
from binrecon.models.losses.corn import CornConfig, corn_loss
from binrecon.models.losses.cross_entropy import CrossEntropyConfig
from binrecon.models.losses.cumulative import CumulativeConfig, cumulative_loss
from binrecon.models.losses.functional import cross_entropy, weigh_classes
from binrecon.models.losses.soft_labels import SoftLabelsConfig, soft_label_loss
from binrecon.models.ordinal import coral_log_probabilities, corn_log_probabilities


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


def test_cumulative_loss__by_hand() -> None:
    """Of 4, 3, 2 and 1 tenths, more than 0, 1 and 2 items have 6, 3 and 1 tenths."""
    logits = torch.tensor([[0.4, 0.3, 0.2, 0.1]]).log()
    yes, no = ([-math.log(abs(part - share)) for share in (0.6, 0.3, 0.1)] for part in (0, 1))
    losses = [cumulative_loss(logits, torch.tensor([recorded])).item() for recorded in range(4)]
    expected = [sum(yes[:recorded] + no[recorded:]) for recorded in range(4)]
    assert losses == pytest.approx(expected)


def test_cumulative_loss__of_two_counts_is_cross_entropy() -> None:
    logits, classes = torch.randn(9, 2), torch.randint(2, (9,))
    torch.testing.assert_close(cumulative_loss(logits, classes), cross_entropy(logits, classes))


def test_cumulative_loss__costs_more_the_farther_off() -> None:
    logits = 8 * torch.eye(6)  # each answers its own class
    losses = cumulative_loss(logits, torch.zeros(6, dtype=torch.int64))
    assert losses.diff().min() > 1


def test_cumulative_loss__of_sure_answers_is_finite() -> None:
    logits = torch.tensor([[200.0, 0, 0, 0], [0, 0, 0, 1e4]], requires_grad=True)
    losses = cumulative_loss(logits, torch.tensor([3, 3]))
    losses.sum().backward()
    assert losses.tolist() == pytest.approx([600 - math.log(1 * 2 * 3), 0], abs=1e-4)
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_cumulative_loss__on_coral_is_that_of_the_paper() -> None:
    """Cao et al. 2020, on the logits of "more than k items?"."""
    values, steps = 3 * torch.randn(50, 1, dtype=torch.float64), torch.randn(4, dtype=torch.float64)
    classes = torch.randint(6, (50,))
    logits = values.numpy() - np.concatenate([[0], np.cumsum(np.log1p(np.exp(steps.numpy())))])
    is_above = classes.numpy()[:, None] > np.arange(5)
    terms = np.where(is_above, np.logaddexp(0, -logits), np.logaddexp(0, logits))
    losses = cumulative_loss(coral_log_probabilities(values, steps), classes)
    np.testing.assert_allclose(losses, terms.sum(axis=1))


def test_cumulative_loss__is_that_of_coral_pytorch() -> None:
    """What `coral_loss(values + biases, levels, reduction=None)` of coral-pytorch 1.4.0 gave."""
    values = torch.tensor([[-2.0], [0.5], [1.25], [3.0]])
    biases = torch.tensor([1.5, 0.5, -0.25, -1.0])
    steps = (-biases.diff()).expm1().log()
    losses = cumulative_loss(coral_log_probabilities(values + biases[0], steps), torch.tensor([0, 2, 4, 1]))
    assert losses.tolist() == pytest.approx([0.8243, 1.7402, 1.1114, 8.4797], abs=5e-5)


def test_corn_loss__is_that_of_the_paper_but_for_the_number_of_questions() -> None:
    """Shi et al. 2021, equation 5: the mean over all questions that the bins of a batch are asked."""
    values, classes = 3 * torch.randn(50, 5, dtype=torch.float64), torch.randint(6, (50,))
    total, questions = 0.0, 0
    for k in range(5):
        asked = classes.numpy() >= k  # S_k: at least k items
        logits, says_more = values.numpy()[asked, k], classes.numpy()[asked] > k
        total += np.where(says_more, np.logaddexp(0, -logits), np.logaddexp(0, logits)).sum()
        questions += int(asked.sum())
    losses = corn_loss(corn_log_probabilities(values), classes)
    assert losses.mean().item() * 50 / questions == pytest.approx(total / questions)
    assert questions == (classes + 1).clamp(max=5).sum()


def test_corn_loss__is_that_of_coral_pytorch() -> None:
    """What `corn_loss(values, classes, 5)` of coral-pytorch 1.4.0 gave for each bin, times its questions."""
    values = torch.tensor(
        [[-2.0, 0.5, 1.0, 0.0], [1.5, -0.5, 2.0, 1.0], [0.25, 3.0, -1.0, 0.75], [2.0, -1.5, 0.5, -3.0]]
    )
    losses = corn_loss(corn_log_probabilities(values), torch.tensor([0, 2, 4, 1]))
    expected = [0.126928 * 1, 1.100806 * 3, 0.581165 * 4, 0.164171 * 2]
    assert losses.tolist() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", [cumulative_loss, corn_loss])
def test_ordinal_losses__half_precision_is_computed_in_float32(loss: Loss) -> None:
    logits, classes = torch.randn(4, 6, dtype=torch.bfloat16), torch.tensor([0, 1, 2, 5])
    assert loss(logits, classes).dtype == torch.float32
    torch.testing.assert_close(loss(logits, classes), loss(logits.float(), classes))


@pytest.mark.parametrize(
    "configs",
    [
        [CrossEntropyConfig(label_smoothing=share) for share in (0.0, 0.1, 0.5)],
        [SoftLabelsConfig(soft_weight=share) for share in (0.0, 0.5, 1.0)],
        [CumulativeConfig()] * 3,
        [CornConfig()] * 3,
    ],
    ids=["cross_entropy", "soft_labels", "cumulative", "corn"],
)
def test_stack_losses__are_those_of_each(configs: list[LossConfig]) -> None:
    logits, classes = torch.randn(7, 3, 6), torch.randint(6, (7,))
    alone = [config.build()(logits[:, place], classes) for place, config in enumerate(configs)]
    torch.testing.assert_close(stack_losses(configs)(logits, classes), torch.stack(alone, dim=1))


@pytest.mark.parametrize("heads", [(), (3,)])
def test_weigh_classes(heads: tuple[int, ...]) -> None:
    losses = torch.rand(3, *heads)
    weighed = weigh_classes(losses, torch.tensor([1, 0, 1]), torch.tensor([2.0, 0.5]))
    torch.testing.assert_close(weighed, torch.stack([losses[0] / 2, losses[1] * 2, losses[2] / 2]))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (SoftLabelsConfig(soft_weight=0.1), SoftLabelsConfig(soft_weight=0.2), True),
        (CumulativeConfig(), CornConfig(), False),
    ],
)
def test_settings_in_common(one: LossConfig, other: LossConfig, alike: bool) -> None:
    assert (settings_in_common(one) == settings_in_common(other)) is alike
