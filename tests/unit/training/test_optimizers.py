import math

import pytest
import torch

from binrecon.config.schema import AdamConfig, AdamWConfig, OptimizerConfig, SGDConfig, SGDRConfig
from binrecon.errors import ConfigError
from binrecon.models import build_counter
from binrecon.training.optimizers import build_optimizer, build_schedule


def rates(config: OptimizerConfig, steps_per_epoch: int, epochs: int) -> list[float]:
    """Return the learning rate that each batch is trained with."""
    optimizer = build_optimizer(config, [torch.nn.Parameter(torch.zeros(1))])
    schedule = build_schedule(config, optimizer, steps_per_epoch)
    seen = []
    for _ in range(steps_per_epoch * epochs):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if schedule is not None:
            schedule.step()
    return seen


@pytest.mark.parametrize(
    ("config", "kind", "settings"),
    [
        (SGDConfig(lr=0.1, momentum=0.8, weight_decay=0.01), torch.optim.SGD, {"momentum": 0.8}),
        (SGDRConfig(lr=0.1, momentum=0.7, weight_decay=0.01), torch.optim.SGD, {"momentum": 0.7}),
        (
            AdamConfig(lr=0.1, beta1=0.8, beta2=0.9, weight_decay=0.01),
            torch.optim.Adam,
            {"betas": (0.8, 0.9)},
        ),
        (AdamWConfig(lr=0.1, beta2=0.9, weight_decay=0.01), torch.optim.AdamW, {"betas": (0.9, 0.9)}),
    ],
)
def test_build_optimizer(config: OptimizerConfig, kind: type, settings: dict[str, object]) -> None:
    optimizer = build_optimizer(config, [torch.nn.Parameter(torch.zeros(1))])
    assert type(optimizer) is kind
    wanted = {"lr": 0.1, "weight_decay": 0.01, **settings}
    assert {key: optimizer.param_groups[0][key] for key in wanted} == wanted


@pytest.mark.parametrize(
    "config",
    [SGDConfig(lr=0.1, weight_decay=0.1), AdamConfig(lr=0.1, weight_decay=0.1), AdamWConfig(lr=0.1)],
)
def test_build_optimizer__fused_steps_are_the_same(config: OptimizerConfig) -> None:
    plain, fused = (torch.nn.Parameter(torch.linspace(-1, 1, 7)) for _ in range(2))
    optimizers = [build_optimizer(config, [plain]), build_optimizer(config, [fused], is_fused=True)]
    for step in range(5):
        plain.grad = torch.linspace(-1, 2, 7) * (step - 2)
        fused.grad = plain.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    torch.testing.assert_close(fused, plain)


def test_build_optimizer__only_the_head_of_a_frozen_counter() -> None:
    counter = build_counter("resnet18.tv_in1k", 0, 5, weights="random")
    optimizer = build_optimizer(AdamConfig(lr=0.1), counter.parameters())
    assert [id(p) for p in optimizer.param_groups[0]["params"]] == [id(p) for p in counter.head.parameters()]


def test_build_optimizer__nothing_to_train() -> None:
    frozen = torch.nn.Parameter(torch.zeros(1), requires_grad=False)
    with pytest.raises(ConfigError, match="every parameter is frozen, so there is nothing to train"):
        build_optimizer(AdamConfig(lr=0.1), [frozen])


def test_build_schedule__sgd_steps_down() -> None:
    seen = rates(SGDConfig(lr=1.0, step_epochs=2, step_factor=0.1), steps_per_epoch=3, epochs=5)
    assert seen == pytest.approx([1.0] * 6 + [0.1] * 6 + [0.01] * 3)


def test_build_schedule__sgdr_follows_the_paper() -> None:
    seen = rates(SGDRConfig(lr=1.0, min_lr=0.1, first_cycle_epochs=1, cycle_mult=2), 4, 7)
    paper = [
        0.1 + 0.5 * (1.0 - 0.1) * (1 + math.cos(math.pi * t / length))
        for length in (4, 8, 16)
        for t in range(length)
    ]
    assert seen == pytest.approx(paper)


@pytest.mark.parametrize("config", [AdamConfig(lr=0.3), AdamWConfig(lr=0.3)])
def test_build_schedule__adam_is_constant(config: OptimizerConfig) -> None:
    assert set(rates(config, 2, 2)) == {0.3}
