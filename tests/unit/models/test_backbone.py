from pathlib import Path

import pytest
import timm
import torch
import torchvision

from binrecon.errors import ConfigError
from binrecon.models import build_backbone, build_counter, hash_state


def random_photos(count: int = 2, side: int = 64) -> torch.Tensor:
    return torch.randint(256, (count, 3, side, side), dtype=torch.uint8)


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50"])
def test_build_backbone__resnets_are_torchvisions(name: str) -> None:
    theirs = getattr(torchvision.models, name)(weights=None).eval()
    ours = timm.create_model(f"{name}.tv_in1k", pretrained=False).eval()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    photos = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(ours(photos), theirs(photos))


def test_build_backbone__loads_a_file_of_torchvision(tmp_path: Path) -> None:
    theirs = torchvision.models.resnet18(weights=None).eval()
    torch.save(theirs.state_dict(), tmp_path / "resnet18.pth")
    backbone = build_backbone("resnet18.tv_in1k", str(tmp_path / "resnet18.pth")).eval()
    photos = random_photos()
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    theirs.fc = torch.nn.Identity()
    torch.testing.assert_close(backbone(photos), theirs((photos / 255 - mean) / std))


def test_backbone__normalises_as_its_weights_want() -> None:
    lite = build_backbone("tf_efficientnet_lite0.in1k", "random")
    assert lite.mean.flatten().tolist() == lite.std.flatten().tolist() == [0.5, 0.5, 0.5]


def test_backbone__shapes() -> None:
    backbone = build_backbone("resnet18.tv_in1k", "random")
    assert backbone.feature_count == 512
    assert backbone(random_photos()).shape == (2, 512)


def test_backbone__frozen_stays_frozen_in_training() -> None:
    counter = build_counter("resnet18.tv_in1k", 0, 5, weights="random").train()
    before = hash_state(counter.backbone)
    counter(random_photos(8)).sum().backward()
    assert hash_state(counter.backbone) == before
    assert [name for name, p in counter.named_parameters() if p.grad is not None] == [
        "head.weight",
        "head.bias",
    ]
    assert counter.head.training


def test_backbone__trained_when_not_frozen() -> None:
    counter = build_counter("resnet18.tv_in1k", 0, 5, weights="random", is_frozen=False).train()
    before = hash_state(counter.backbone)
    counter(random_photos(8)).sum().backward()
    assert hash_state(counter.backbone) != before, "BatchNorm statistics move"
    assert all(parameter.grad is not None for parameter in counter.parameters())


def test_build_backbone__any_of_timm() -> None:
    assert build_backbone("mobilenetv3_small_050", "random")(random_photos()).shape[0] == 2


def test_build_backbone__unknown_name() -> None:
    with pytest.raises(ConfigError, match=r"model.backbone: timm has no 'resnet51'.*Did you mean .*resnet50"):
        build_backbone("resnet51")


def test_build_backbone__unknown_tag() -> None:
    with pytest.raises(
        ConfigError, match=r"'resnet18.mine' has an unknown tag; known are .*resnet18.tv_in1k"
    ):
        build_backbone("resnet18.mine")
