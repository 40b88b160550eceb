"""Feature maps to features."""

from pathlib import Path

import pytest
import timm
import torch
from torch import nn

from binrecon.config.pooling_words import POOLING_WORDS, Pooling
from binrecon.errors import ConfigError
from binrecon.features.engine import EngineChoice, build_engine
from binrecon.models import build_backbone, build_counter
from binrecon.models.pooling import pool_features

PHOTOS = torch.randint(256, (3, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def resnet() -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model("resnet18.tv_in1k", num_classes=0).eval()


def test_pool_features__average_is_the_networks_own(resnet: nn.Module) -> None:
    photos = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(pool_features(resnet, photos, "average"), resnet(photos))


def test_pool_features__concat_is_fastais(resnet: nn.Module) -> None:
    photos = torch.randn(2, 3, 64, 64)
    maps = resnet.forward_features(photos)  # type: ignore[operator]
    largest, average = nn.AdaptiveMaxPool2d(1)(maps), nn.AdaptiveAvgPool2d(1)(maps)
    expected = torch.cat([largest, average], 1).flatten(1)
    torch.testing.assert_close(pool_features(resnet, photos, "concat"), expected)


def test_pool_features__stages_are_those_of_the_network(resnet: nn.Module) -> None:
    photos = torch.randn(2, 3, 64, 64)
    seen: list[torch.Tensor] = []
    for name in ("act1", "layer1", "layer2", "layer3", "layer4"):
        resnet.get_submodule(name).register_forward_hook(lambda _net, _given, maps: seen.append(maps))
    features = pool_features(resnet, photos, "stages")
    assert features.shape == (2, 3 * (64 + 64 + 128 + 256 + 512))
    start = 0
    for maps in seen:
        flat = maps.flatten(2)
        for expected in (flat.mean(2), flat.amax(2), flat.std(2, correction=0)):
            part = features[:, start : start + expected.shape[1]]
            torch.testing.assert_close(part, expected, atol=4e-3, rtol=1e-3)  # off by the least variance
            start += expected.shape[1]


def test_pool_features__grid_adds_the_average_of_each_ninth(resnet: nn.Module) -> None:
    photos = torch.randn(2, 3, 96, 96)
    stages, grid = (pool_features(resnet, photos, pooling) for pooling in ("stages", "grid"))
    maps = resnet.maxpool(resnet.act1(resnet.bn1(resnet.conv1(photos))))  # type: ignore[operator]
    layer1 = resnet.layer1(maps)  # type: ignore[operator]
    assert grid.shape == (2, (3 + 9) * (64 + 64 + 128 + 256))
    torch.testing.assert_close(grid[:, : 3 * 64], stages[:, : 3 * 64])
    of_layer1 = grid[:, 12 * 64 : 24 * 64]
    torch.testing.assert_close(of_layer1[:, : 3 * 64], stages[:, 3 * 64 : 6 * 64])
    cells = nn.AdaptiveAvgPool2d(3)(layer1).permute(0, 2, 3, 1).flatten(1)  # cell by cell, row by row
    torch.testing.assert_close(of_layer1[:, 3 * 64 :], cells)


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("resnet18.tv_in1k", "layer4"),
        ("tf_efficientnet_lite0.in1k", "blocks.6"),
        ("test_vit.r160_in1k", "blocks.5"),
    ],
)
def test_pool_features__grid_does_not_compute_the_last_stage(
    name: str, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it computes is, to the last bit, what it is beside a last stage."""
    net = timm.create_model(name, num_classes=0).eval()
    photos = torch.randn(2, *net.pretrained_cfg["input_size"])
    ran: list[bool] = []
    net.get_submodule(last).register_forward_hook(lambda *_: ran.append(True))
    features = pool_features(net, photos, "grid")
    assert not ran
    whole = net.forward_intermediates

    def run_all(given: torch.Tensor, indices: list[int], **_: bool) -> list[torch.Tensor]:
        maps: list[torch.Tensor] = whole(given, intermediates_only=True)
        return [maps[index] for index in indices]

    monkeypatch.setattr(net, "forward_intermediates", run_all)
    assert torch.equal(pool_features(net, photos, "grid"), features)
    assert ran


def test_pool_features__grid_of_maps_that_are_smaller_than_it(resnet: nn.Module) -> None:
    features = pool_features(resnet, torch.randn(2, 3, 32, 32), "grid")  # the last maps are of 2 x 2
    assert features.isfinite().all()


def test_pool_features__a_map_without_spread_has_a_slope(resnet: nn.Module) -> None:
    for norm in resnet.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.zeros_(norm.weight)  # every map is constant
    features = pool_features(resnet, torch.randn(2, 3, 64, 64), "stages")
    features.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in resnet.parameters() if p.grad is not None)


@pytest.mark.parametrize("pooling", POOLING_WORDS)
@pytest.mark.parametrize("name", ["resnet18.tv_in1k", "tf_efficientnet_lite0.in1k"])
def test_backbone__every_trained_parameter_has_a_part(name: str, pooling: Pooling) -> None:
    counter = build_counter(name, 0, 5, weights="random", is_frozen=False, pooling=pooling).train()
    assert counter.backbone(PHOTOS).shape == (3, counter.backbone.feature_count)
    counter(PHOTOS).sum().backward()
    idle = [n for n, p in counter.named_parameters() if p.requires_grad and p.grad is None]
    assert idle == []
    assert all(p.grad is not None for p in counter.head.parameters())


def test_openvino_engine__pools_stages_alike(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    backbone = build_backbone("tf_efficientnet_lite0.in1k", "random", pooling="stages")
    engines = (
        build_engine(
            EngineChoice(e, "float32"), backbone, torch.device("cpu"), 64, tmp_path, lambda: iter(())
        )
        for e in ("torch", "openvino")
    )
    ours, theirs = (engine(PHOTOS) for engine in engines)
    torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)


def test_build_backbone__without_maps() -> None:
    with pytest.raises(
        ConfigError, match=r"'mixer_s32_224' has no maps for concat .* model\.pooling=average"
    ):
        build_backbone("mixer_s32_224", "random", pooling="concat")
