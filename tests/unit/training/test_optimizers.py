import math
from collections.abc import Sequence

import pytest
import torch

from binrecon.config.schema import AdamConfig, AdamWConfig, OptimizerConfig, SGDConfig, SGDRConfig
from binrecon.errors import ConfigError
from binrecon.models import build_counter
from binrecon.training.optimizers import build_optimizer, build_schedule, group_parameters, schedule_factor
from binrecon.training.phases import Phase, head_phase


def rates(
    config: OptimizerConfig, steps_per_epoch: int, epochs: int, phases: Sequence[Phase] = ()
) -> list[float]:
    """Return the learning rate that each batch is trained with."""
    optimizer = build_optimizer(config, {1.0: [torch.nn.Parameter(torch.zeros(1))]})
    schedule = build_schedule(config, optimizer, steps_per_epoch, phases or head_phase(epochs, config.lr))
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
    optimizer = build_optimizer(config, {1.0: [torch.nn.Parameter(torch.zeros(1, 1))]})
    assert type(optimizer) is kind
    wanted = {"lr": 0.1, "weight_decay": 0.01, **settings}
    assert {key: optimizer.param_groups[0][key] for key in wanted} == wanted


@pytest.mark.parametrize(
    "config",
    [SGDConfig(lr=0.1, weight_decay=0.1), AdamConfig(lr=0.1, weight_decay=0.1), AdamWConfig(lr=0.1)],
)
def test_build_optimizer__fused_steps_are_the_same(config: OptimizerConfig) -> None:
    plain, fused = (torch.nn.Parameter(torch.linspace(-1, 1, 7)) for _ in range(2))
    optimizers = [
        build_optimizer(config, {1.0: [plain]}),
        build_optimizer(config, {1.0: [fused]}, is_fused=True),
    ]
    for step in range(5):
        plain.grad = torch.linspace(-1, 2, 7) * (step - 2)
        fused.grad = plain.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    torch.testing.assert_close(fused, plain)


def test_build_optimizer__only_the_head_of_a_frozen_counter() -> None:
    counter = build_counter("resnet18.tv_in1k", 0, 5, weights="random")
    groups = group_parameters(counter.backbone, counter.head, [1.0] * 5)
    assert groups == {1.0: list(counter.head.parameters())}


def test_build_optimizer__weight_decay_leaves_vectors_alone() -> None:
    layers = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    config = AdamConfig(lr=0.1, weight_decay=0.5)
    groups = build_optimizer(config, {1.0: list(layers.parameters())}).param_groups
    assert [(len(group["params"]), group["weight_decay"]) for group in groups] == [(1, 0.5), (3, 0.0)]
    config.decays_biases = True
    groups = build_optimizer(config, {1.0: list(layers.parameters())}).param_groups
    assert [(len(group["params"]), group["weight_decay"]) for group in groups] == [(4, 0.5)]


def test_build_optimizer__nothing_to_train() -> None:
    with pytest.raises(ConfigError, match="every parameter is frozen, so there is nothing to train"):
        build_optimizer(AdamConfig(lr=0.1), {1.0: []})


def test_group_parameters__a_group_for_each_factor() -> None:
    counter = build_counter("resnet18.tv_in1k", 0, 5, weights="random", is_frozen=False)
    counter.backbone.train_from("stage1")
    groups = group_parameters(counter.backbone, counter.head, [0.1, 0.1, 0.1, 0.5, 1.0])
    net = dict(counter.backbone.net.named_parameters())
    wanted = {
        1.0: [*(p for n, p in net.items() if n.startswith("layer4")), *counter.head.parameters()],
        0.1: [p for n, p in net.items() if n.startswith(("layer1", "layer2"))],
        0.5: [p for n, p in net.items() if n.startswith("layer3")],
    }
    assert list(groups) == list(wanted)  # the first group is the head's: its learning rate is logged
    for factor, parameters in wanted.items():
        assert [id(p) for p in groups[factor]] == [id(p) for p in parameters]


def test_build_optimizer__learning_rates_of_groups() -> None:
    parameters = {factor: [torch.nn.Parameter(torch.zeros(1))] for factor in (1.0, 0.1)}
    optimizer = build_optimizer(AdamConfig(lr=0.3), parameters)
    build_schedule(SGDConfig(lr=0.3), optimizer, 1, head_phase(1, 0.3))
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.3, 0.03])


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


def test_build_schedule__a_phase_that_begins_anew_starts_over() -> None:
    phases = [
        Phase(0, 1, "head", 64, 1.0),
        Phase(1, 2, "stage1", 64, 1.0),  # goes on
        Phase(3, 2, "stem", 128, 0.2, begins_anew=True),
    ]
    config = SGDRConfig(lr=1.0, first_cycle_epochs=1, cycle_mult=2)
    assert rates(config, 4, 5, phases) == pytest.approx(
        rates(config, 4, 3) + [0.2 * rate for rate in rates(config, 4, 2)]
    )
    assert rates(AdamConfig(lr=1.0), 1, 5, phases) == pytest.approx([1, 1, 1, 0.2, 0.2])


@pytest.mark.parametrize("kind", [AdamConfig, AdamWConfig])
def test_build_schedule__rises_and_falls(kind: type[AdamConfig]) -> None:
    seen = rates(kind(lr=2.0, schedule="cosine", warmup_epochs=1.5), 2, 5)
    falling = [1 + math.cos(math.pi * t / 7) for t in range(7)]
    assert seen == pytest.approx([0.5, 1.0, 1.5, *falling])


COURSES = [
    SGDConfig(lr=0.1, step_epochs=1),
    SGDRConfig(lr=0.1),
    *(
        kind(lr=0.1, schedule=schedule, warmup_epochs=1.5)
        for kind in (AdamConfig, AdamWConfig)
        for schedule in ("constant", "cosine")
    ),
]


@pytest.mark.parametrize(
    "config", COURSES, ids=lambda config: f"{config.name} {getattr(config, 'schedule', '')}"
)
def test_bound_to_length__is_what_the_schedule_does(config: OptimizerConfig) -> None:
    """A schedule that is bound to no length has the same rates in a training that is twice as long."""
    short, long = (
        [schedule_factor(config, step, 5, 5 * epochs, config.lr) for step in range(20)] for epochs in (4, 8)
    )
    assert (short != long) == (config.bound_to_length is not None)
