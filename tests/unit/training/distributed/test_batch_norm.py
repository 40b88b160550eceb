from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import nn

from binrecon.models import BinCounter, build_counter
from binrecon.training.distributed.batch_norm import sync_batch_norm

MLP = {"name": "mlp", "dropout": 0.0, "hidden_width": 8}


@pytest.fixture
def group(tmp_path: Path) -> Iterator[None]:
    """A group of one process: what several add up is tested with several."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def build(backbone: str = "test_resnet.r160_in1k", is_frozen: bool = False) -> BinCounter:
    torch.manual_seed(0)
    return build_counter(backbone, 0, 5, weights="random", is_frozen=is_frozen, head=MLP).train()


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("backbone", ["test_resnet.r160_in1k", "test_efficientnet.r160_in1k"])
def test_sync_batch_norm__of_one_process_is_what_it_was(backbone: str) -> None:
    """Outputs, gradients and running statistics; timm's BatchNorm with an activation behind it too."""
    photos = torch.randint(0, 255, (8, 3, 32, 32), dtype=torch.uint8)
    plain, synced = build(backbone), build(backbone)
    sync_batch_norm(synced, "cpu")
    assert not any(isinstance(module, nn.BatchNorm2d) for module in synced.modules())
    for counter in (plain, synced):
        counter(photos).square().mean().backward()
    for (name, one), (other_name, other) in zip(
        plain.named_parameters(), synced.named_parameters(), strict=True
    ):
        assert name == other_name
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-4)
    states = plain.state_dict(), synced.state_dict()
    assert states[0].keys() == states[1].keys()
    for name, tensor in states[0].items():
        torch.testing.assert_close(tensor, states[1][name], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(plain.eval()(photos), synced.eval()(photos), rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("group")
def test_sync_batch_norm__in_bfloat16() -> None:
    """As `trainer.precision=bf16-mixed` does: statistics stay float32, what comes out is what came in."""
    photos = torch.randint(0, 255, (8, 3, 32, 32), dtype=torch.uint8)
    plain, synced = build(), build()
    sync_batch_norm(synced, "cpu")
    answers = []
    for counter in (plain, synced):
        with torch.autocast("cpu", torch.bfloat16):
            answers.append(counter(photos))
        answers[-1].float().square().mean().backward()
    assert answers[0].dtype == answers[1].dtype
    torch.testing.assert_close(answers[0], answers[1], rtol=0.05, atol=0.05)
    states = plain.state_dict(), synced.state_dict()
    for name, tensor in states[0].items():
        assert states[1][name].dtype == tensor.dtype, name
        torch.testing.assert_close(tensor, states[1][name], rtol=0.02, atol=0.02)


def test_sync_batch_norm__leaves_a_frozen_backbone_alone() -> None:
    counter = build(is_frozen=True)
    before = [type(module) for module in counter.backbone.modules()]
    sync_batch_norm(counter, "cuda")
    assert [type(module) for module in counter.backbone.modules()] == before
    assert sum(type(module) is nn.SyncBatchNorm for module in counter.head.modules()) == 2


def test_sync_batch_norm__stages_still_freeze() -> None:
    counter = build()
    sync_batch_norm(counter, "cuda")
    counter.backbone.train_from("stage4")
    norms = [(name, m) for name, m in counter.backbone.net.named_modules() if isinstance(m, nn.SyncBatchNorm)]
    assert {name.startswith("layer4") for name, norm in norms if norm.training} == {True}
    assert {name.startswith("layer4") for name, norm in norms if not norm.training} == {False}
