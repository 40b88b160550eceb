from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from binrecon.errors import BinreconError, CheckpointError
from binrecon.models import build_counter
from binrecon.training.checkpoints.contents import read_epochs
from binrecon.training.checkpoints.files import load_counter, write_checkpoint
from binrecon.training.checkpoints.position import read_position

FACTS: dict[str, Any] = {
    "backbone": "test_efficientnet.r160_in1k",
    "min_count": 0,
    "max_count": 5,
    "is_frozen": True,
    "head": {"name": "linear", "dropout": 0.0},
}
HEAD = "counter.head.weight"


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    counter = build_counter(**FACTS, weights="random")
    return {f"counter.{name}": tensor for name, tensor in counter.state_dict().items()}


@pytest.fixture
def load(state: dict[str, torch.Tensor], tmp_path: Path) -> Callable[..., object]:
    """Write a checkpoint with a state and facts of its own, and load it."""

    def write_and_load(facts: object = FACTS, **changed: object) -> object:
        named = {name.replace("__", "."): value for name, value in changed.items()}
        whole = {name: value for name, value in {**state, **named}.items() if value is not None}
        checkpoint = {"state_dict": whole, "hyper_parameters": {"counter": facts}, "epoch": 0}
        write_checkpoint(checkpoint, tmp_path / "best.ckpt")
        return load_counter(tmp_path / "best.ckpt")

    return write_and_load


def test_load_counter(load: Callable[..., object]) -> None:
    assert load() is not None


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (
            torch.full((6, 256), torch.nan),
            "'head.weight' holds 1,536 of 1,536 values that are NaN or infinite",
        ),
        (
            torch.zeros(6, 256).index_fill_(1, torch.tensor([3]), torch.inf),
            "holds 6 of 1,536 values that are NaN",
        ),
        (torch.zeros(5, 256), r"'head.weight' is of another shape, \(5, 256\) for \(6, 256\)"),
        (torch.zeros(6, 256, dtype=torch.complex64), "'head.weight' is of type torch.complex64"),
        (torch.zeros(6, 256, dtype=torch.int64), "'head.weight' is of type torch.int64 for torch.float32"),
        (torch.zeros(6, 256).to_sparse(), "'head.weight' is sparse"),
        (torch.zeros(6, 256, device="meta"), r"'head.weight' has no values \(a meta tensor\)"),
        ([1.0], "'head.weight' is no tensor but of type list"),
        (None, "'head.weight' is missing"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*sparse.*:UserWarning")
def test_load_counter__a_tensor_that_is_none_of_ours(
    load: Callable[..., object], tensor: object, reason: str
) -> None:
    with pytest.raises(CheckpointError, match=reason):
        load(counter__head__weight=tensor)


def test_load_counter__a_tensor_too_many(load: Callable[..., object]) -> None:
    with pytest.raises(
        CheckpointError, match=r"'head.more' is unknown.*put back a copy of it, or delete its run"
    ):
        load(counter__head__more=torch.zeros(2))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (None, "counter: must be a dict, got NoneType"),
        ({}, "counter.backbone: must be timm's name of a network, got None"),
        ({**FACTS, "backbone": "no_such_net"}, "timm has no 'no_such_net'"),
        ({**FACTS, "backbone": "hf-hub:some/body"}, "timm has no 'hf-hub:some/body'"),
        ({**FACTS, "max_count": 10**9}, "counter.max_count: 1,000,000,001 counts, but no tensor of the head"),
        ({**FACTS, "max_count": 0}, "counter: must have 0 <= min_count < max_count, got 0 and 0"),
        ({**FACTS, "min_count": -1}, "counter: must have 0 <= min_count < max_count, got -1 and 5"),
        ({**FACTS, "max_count": "5"}, "counter: must have 0 <= min_count < max_count, got 0 and '5'"),
        ({**FACTS, "max_count": True}, "counter: must have 0 <= min_count < max_count, got 0 and True"),
        ({**FACTS, "is_frozen": "no"}, "counter.is_frozen: must be True or False, got 'no'"),
        ({**FACTS, "pooling": "maximum"}, "counter.pooling: 'maximum' is none of average, concat"),
        ({**FACTS, "weight": "/etc/passwd"}, "counter: unknown keys 'weight'"),
        ({**FACTS, "head": None}, "counter.head: is no head"),
        ({**FACTS, "head": {"name": "forest"}}, "counter.head: is no head"),
        ({**FACTS, "head": {"name": "linear", "dropout": 2.0}}, "counter.head.dropout: is out of range, got 2.0"),
        (
            {**FACTS, "head": {"name": "mlp", "dropout": 0.0, "hidden_width": 60_000}},
            "counter.head.hidden_width: 60,000, but no tensor",
        ),
    ],
)  # fmt: skip
def test_load_counter__facts_out_of_range(load: Callable[..., object], facts: object, reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason):
        load(facts)


def test_load_counter__larger_than_its_file(load: Callable[..., object]) -> None:
    """A tensor that repeats one value takes no room in a file, and all of it in memory."""
    with pytest.raises(CheckpointError, match="has fewer values than that in the file"):
        load({**FACTS, "max_count": 10**9}, counter__head__weight=torch.zeros(1, 1).expand(10**9 + 1, 256))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state_dict": []}, "state_dict: must be a dict, got list"),
        ({"epoch": "2"}, "epoch: must be a whole number, at least 0, got '2'"),
        ({"epoch": -1}, "epoch: must be a whole number, at least 0, got -1"),
        ({"callbacks": None}, "callbacks: must be a dict, got NoneType"),
        ({"callbacks": {"CheckpointWithinEpoch": [1]}}, "CheckpointWithinEpoch: must be a dict, got list"),
        (
            {"callbacks": {"CheckpointWithinEpoch": {"turn": 1.5, "step": 1, "steps": 2}}},
            "CheckpointWithinEpoch.turn: must be a whole number, got 1.5",
        ),
        (
            {"callbacks": {"CheckpointWithinEpoch": {"turn": 1, "step": 1, "steps": 2}}},
            "CheckpointWithinEpoch: must have settings",
        ),
        ({"hyper_parameters": []}, "is not a checkpoint of binrecon"),
    ],
)
def test_read_position__refuses(change: dict[str, object], reason: str, tmp_path: Path) -> None:
    whole = {"state_dict": {}, "hyper_parameters": {"counter": FACTS}, "epoch": 0, "callbacks": {}}
    write_checkpoint({**whole, **change}, tmp_path / "last.ckpt")
    with pytest.raises(CheckpointError, match=reason):
        read_position(tmp_path / "last.ckpt")


@pytest.mark.parametrize("callbacks", [{}, {"EpochHistory": 1}, {"EpochHistory": {"rows": [1]}}])
def test_read_epochs__none(callbacks: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(BinreconError, match="has no history of epochs"):
        read_epochs(tmp_path / "last.ckpt", {"callbacks": callbacks})
