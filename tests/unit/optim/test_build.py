import pytest
import torch

from binrecon.config.schema import OptimizerConfig
from binrecon.errors import ConfigError
from binrecon.models import build_counter
from binrecon.optim.build import build_optimizer, group_parameters
from binrecon.optim.optimizers.adam import AdamConfig
from binrecon.optim.optimizers.adamw import AdamWConfig
from binrecon.optim.optimizers.sgd import SGDConfig
from binrecon.optim.optimizers.sgdr import SGDRConfig
from binrecon.optim.schedules.step import StepConfig
from binrecon.training.phases import head_phase
from binrecon.training.schedule import build_schedule


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
    build_schedule(StepConfig(), optimizer, 0.3, 1, head_phase(1, 0.3))
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.3, 0.03])
