import pytest
import torch

from binrecon.config.schema import HeadConfig, LossConfig
from binrecon.models.heads.coral import CoralHeadConfig
from binrecon.models.heads.linear import LinearHeadConfig
from binrecon.models.heads.mlp import MlpHeadConfig
from binrecon.models.losses.cross_entropy import CrossEntropyConfig
from binrecon.models.losses.cumulative import CumulativeConfig
from binrecon.models.losses.soft_labels import SoftLabelsConfig
from binrecon.optim.optimizers.adam import AdamConfig
from binrecon.optim.schedules.constant import ConstantConfig
from binrecon.training.heads.head_group import SplitSums, group_learners
from binrecon.training.heads.learner import HeadTrial, Learner
from binrecon.training.module import SplitMetrics

LINEAR = LinearHeadConfig(dropout=0.0)
CORAL = CoralHeadConfig(dropout=0.0)
MLP = MlpHeadConfig(hidden_width=5, dropout=0.5)
CROSS_ENTROPY = CrossEntropyConfig(label_smoothing=0.0)
CUMULATIVE = CumulativeConfig()
THIRDS = torch.full((3,), 1 / 3)


def group_numbers(*trials: tuple[HeadConfig, LossConfig, int]) -> list[list[int]]:
    learners = [
        Learner(number, HeadTrial(head, loss, AdamConfig(lr=0.1), ConstantConfig(), seed), 4, THIRDS, 2, 5)
        for number, (head, loss, seed) in enumerate(trials)
    ]
    return [[learner.number for learner in group.learners] for group in group_learners(learners, 0, 3)]


@pytest.mark.parametrize(
    ("one", "other", "groups"),
    [
        ((LINEAR, CROSS_ENTROPY, 0), (LINEAR, CrossEntropyConfig(label_smoothing=0.1), 0), [[0, 1]]),
        ((LINEAR, CROSS_ENTROPY, 0), (LINEAR, SoftLabelsConfig(soft_weight=0.1), 0), [[0], [1]]),
        ((LINEAR, CROSS_ENTROPY, 0), (LINEAR, CROSS_ENTROPY, 1), [[0], [1]]),
        ((LINEAR, CROSS_ENTROPY, 0), (LinearHeadConfig(dropout=0.1), CROSS_ENTROPY, 0), [[0], [1]]),
        ((CORAL, CUMULATIVE, 0), (CORAL, CUMULATIVE, 0), [[0, 1]]),
        ((CORAL, CUMULATIVE, 0), (LINEAR, CUMULATIVE, 0), [[0], [1]]),
        ((MLP, CROSS_ENTROPY, 0), (MLP, CROSS_ENTROPY, 0), [[0], [1]]),
    ],
    ids=[
        "settings of a loss",
        "kinds of loss",
        "seeds",
        "dropouts",
        "ordinal",
        "kinds of head",
        "hidden layers",
    ],
)
def test_group_learners(
    one: tuple[HeadConfig, LossConfig, int],
    other: tuple[HeadConfig, LossConfig, int],
    groups: list[list[int]],
) -> None:
    assert group_numbers(one, other) == groups


def test_split_sums__are_what_split_metrics_sums_up() -> None:
    sums, alone = SplitSums(head_count=3, class_count=6), SplitMetrics(1, 6)
    for bins in (5, 2):
        losses, logits, counts = torch.rand(3), torch.randn(bins, 3, 6), torch.randint(1, 7, (bins,))
        sums.update(losses, logits, counts, min_count=1)
        alone.update(losses[1], logits[:, 1], counts)
    columns = sums.finish()
    assert {name: values[1] for name, values in columns.items()} == pytest.approx(
        {name: score.item() for name, score in alone.finish().items()}, rel=1e-6
    )


def test_split_sums__keep() -> None:
    sums, fewer = SplitSums(3, 6), SplitSums(2, 6)
    losses, logits, counts = torch.rand(3), torch.randn(5, 3, 6), torch.randint(6, (5,))
    sums.update(losses, logits, counts, min_count=0)
    sums.keep(torch.tensor([True, False, True]))
    fewer.update(losses[[0, 2]], logits[:, [0, 2]], counts, min_count=0)
    assert sums.finish() == fewer.finish()
