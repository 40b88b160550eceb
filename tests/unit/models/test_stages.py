import pytest
import timm
import torch
from torch import nn

from binrecon.errors import ConfigError
from binrecon.models import build_counter
from binrecon.models.stages import Stages


def build_net(name: str) -> nn.Module:
    net = timm.create_model(name)
    net.reset_classifier(0)  # type: ignore[operator]  # every timm network has it
    return net


def test_stages__of_a_resnet_are_its_layers() -> None:
    net = build_net("test_resnet")
    stages = Stages(net)
    assert stages.names == ("stem", "stage1", "stage2", "stage3", "stage4")
    for name, _ in net.named_parameters():
        first = name.partition(".")[0]
        assert stages.of_parameter(name) == (int(first[-1]) if first.startswith("layer") else 0)


@pytest.mark.parametrize(
    ("name", "stage_count"),
    [("tf_efficientnet_lite0", 8), ("test_convnext", 6), ("test_vit", 7), ("test_mambaout", 6)],
)
def test_stages__of_any_network_hold_every_parameter(name: str, stage_count: int) -> None:
    net = build_net(name)
    stages = Stages(net)
    assert len(stages.names) == stage_count
    places = [stages.of_parameter(name) for name, _ in net.named_parameters()]
    assert set(places) == set(range(stage_count))


@pytest.mark.parametrize("name", ["test_resnet", "tf_efficientnet_lite0"])
@pytest.mark.parametrize("stage", ["stage2", "head"])
def test_train_from__what_comes_before_stays_as_it_is(name: str, stage: str) -> None:
    counter = build_counter(name, 0, 5, weights="random", is_frozen=False).train()
    backbone = counter.backbone
    backbone.train_from(stage)
    before = {name: tensor.clone() for name, tensor in backbone.net.state_dict().items()}
    optimizer = torch.optim.SGD(counter.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    for _ in range(2):
        counter.train()  # as a loop does after it has validated
        optimizer.zero_grad()
        counter(torch.randint(256, (2, 3, 64, 64), dtype=torch.uint8)).square().sum().backward()
        optimizer.step()
    first = [*backbone.stages.names, "head"].index(stage)
    owners = {
        name.rpartition(".")[0]: backbone.stages.of_parameter(name) for name in _parameters(backbone.net)
    }
    for name, tensor in backbone.net.state_dict().items():
        assert torch.equal(tensor, before[name]) == (owners[name.rpartition(".")[0]] < first), name


def test_train_from__and_back_again() -> None:
    backbone = build_counter("test_resnet", 0, 5, weights="random", is_frozen=False).backbone
    backbone.train_from("head")
    assert not any(parameter.requires_grad for parameter in backbone.parameters())
    assert not any(m.training for m in backbone.net.modules() if isinstance(m, nn.BatchNorm2d))
    backbone.train_from("stem")
    assert all(parameter.requires_grad for parameter in backbone.parameters())
    assert all(m.training for m in backbone.net.modules() if isinstance(m, nn.BatchNorm2d))


def test_train_from__nothing_of_a_frozen_backbone() -> None:
    backbone = build_counter("test_resnet", 0, 5, weights="random").backbone
    backbone.train_from("stem")
    assert not any(parameter.requires_grad for parameter in backbone.parameters())


def test_train_from__unknown_stage() -> None:
    backbone = build_counter("test_resnet", 0, 5, weights="random", is_frozen=False).backbone
    with pytest.raises(
        ConfigError,
        match="'test_resnet' has no stage 'layer3', only stem, stage1, stage2, stage3, stage4, head",
    ):
        backbone.train_from("layer3")


def _parameters(net: nn.Module) -> list[str]:
    return [name for name, _ in net.named_parameters()]
