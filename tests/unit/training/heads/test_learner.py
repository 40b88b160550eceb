import math

import pytest
import torch

from binrecon.config.metric_names import Mode
from binrecon.models.heads.linear import LinearHeadConfig
from binrecon.models.heads.one_layer import split_head
from binrecon.models.losses.cross_entropy import CrossEntropyConfig
from binrecon.optim.optimizers.sgd import SGDConfig
from binrecon.optim.schedules.step import StepConfig
from binrecon.training.heads.learner import HeadTrial, Learner


def build_learner() -> Learner:
    trial = HeadTrial(
        LinearHeadConfig(dropout=0.2),
        CrossEntropyConfig(label_smoothing=0.0),
        SGDConfig(lr=0.5),
        StepConfig(),
        seed=0,
    )
    return Learner(
        0, trial, feature_count=4, class_shares=torch.full((3,), 1 / 3), steps_per_epoch=2, max_epochs=5
    )


@pytest.mark.parametrize(
    ("mode", "values", "best"),
    [
        ("min", [3.0, 2.0, 4.0], 2),
        ("max", [3.0, 2.0, 4.0], 3),
        ("min", [2.0, 2.0], 1),
        ("max", [2.0, 2.0], 1),
        ("min", [math.nan, 2.0, math.nan], 2),
        ("max", [math.nan, math.nan], 1),
    ],
)
def test_end_epoch__keeps_the_first_best(mode: Mode, values: list[float], best: int) -> None:
    learner, weights = build_learner(), []
    layer = split_head(learner.head).linear
    for value in values:
        torch.nn.init.constant_(layer.weight, len(weights))
        weights.append(layer.weight.detach().clone())
        learner.end_epoch({"val/mae": value}, "val/mae", mode)
    outcome = learner.outcome
    assert outcome.best_epoch == best
    assert outcome.best_state is not None
    assert torch.equal(outcome.best_state["1.weight"], weights[best - 1])
    assert outcome.history[0] == {"epoch": 1, "lr": 0.5, "val/mae": pytest.approx(values[0], nan_ok=True)}


def test_step__follows_gradients_and_forgets_them() -> None:
    learner = build_learner()
    layer = split_head(learner.head).linear
    before = layer.bias.detach().clone()
    layer(torch.zeros(1, 4)).sum().backward()
    layer.weight.grad = torch.zeros(3, 4)
    learner.step()
    torch.testing.assert_close(layer.bias, before - 0.5)
    assert all(parameter.grad is None for parameter in learner.head.parameters())
