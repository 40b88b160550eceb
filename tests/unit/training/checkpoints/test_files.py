import pickle
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from binrecon.errors import CheckpointError
from binrecon.models import build_counter
from binrecon.training.checkpoints.files import check_same_model, load_counter, read_checkpoint
from binrecon.training.checkpoints.lightning_io import AtomicCheckpointIO

FACTS = {
    "backbone": "resnet18.tv_in1k",
    "min_count": 0,
    "max_count": 5,
    "is_frozen": True,
    "head": {"name": "linear", "dropout": 0.0},
}


class Bomb:
    """Writes a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.path,)


@pytest.fixture(scope="module")
def checkpoint() -> dict[str, object]:
    counter = build_counter(**FACTS, weights="random")
    state = {f"counter.{name}": tensor for name, tensor in counter.state_dict().items()}
    return {"state_dict": state, "hyper_parameters": {"counter": FACTS}, "epoch": 3}


def test_load_counter__predicts_as_the_one_that_was_saved(
    checkpoint: dict[str, object], tmp_path: Path
) -> None:
    AtomicCheckpointIO().save_checkpoint(checkpoint, tmp_path / "best.ckpt")
    one, other = load_counter(tmp_path / "best.ckpt"), load_counter(tmp_path / "best.ckpt")
    photos = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8)
    torch.testing.assert_close(one(photos), other(photos), rtol=0, atol=0)
    assert not one.training
    assert torch.equal(one.head.weight, checkpoint["state_dict"]["counter.head.weight"])


def test_read_checkpoint__cut_short(checkpoint: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "best.ckpt"
    AtomicCheckpointIO().save_checkpoint(checkpoint, path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match=r"cannot be read as a checkpoint .*it may be cut short"):
        read_checkpoint(path)


@pytest.mark.parametrize("save", [torch.save, lambda thing, path: path.write_bytes(pickle.dumps(thing))])
def test_read_checkpoint__malicious(save: Callable[[object, Path], object], tmp_path: Path) -> None:
    path, trace = tmp_path / "best.ckpt", tmp_path / "trace"
    save({"hyper_parameters": {"counter": Bomb(trace)}}, path)
    with pytest.raises(
        CheckpointError, match=r"was refused: it is damaged, or holds objects that could run code"
    ):
        read_checkpoint(path)
    assert not trace.exists()


def test_read_checkpoint__of_something_else(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "other.ckpt")
    with pytest.raises(
        CheckpointError, match="is not a checkpoint of binrecon; give the folder of one of its runs"
    ):
        read_checkpoint(tmp_path / "other.ckpt")


def test_check_same_model(checkpoint: dict[str, object], tmp_path: Path) -> None:
    AtomicCheckpointIO().save_checkpoint(checkpoint, tmp_path / "last.ckpt")
    check_same_model(tmp_path / "last.ckpt", {"counter": FACTS})
    with pytest.raises(CheckpointError) as caught:
        check_same_model(
            tmp_path / "last.ckpt", {"counter": {**FACTS, "backbone": "resnet34.tv_in1k", "max_count": 4}}
        )
    assert str(caught.value).endswith(
        "holds another model (backbone: resnet18.tv_in1k there, resnet34.tv_in1k here; max_count: 5 there, 4 here); "
        "resume with the model, range of counts and regime it was trained with"
    )


def test_save_checkpoint__full_disk_leaves_the_previous_one(
    checkpoint: dict[str, object], tmp_path: Path
) -> None:
    """The kernel refuses the write part way, as it does on a full disk."""
    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({**checkpoint, "epoch": 1}, path)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(
            CheckpointError, match=r"could not be written \(.*\); the previous one is still there"
        ):
            AtomicCheckpointIO().save_checkpoint({**checkpoint, "epoch": 2}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path], "nothing half-written is left"
