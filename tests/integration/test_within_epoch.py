"""A run that stops within an epoch goes on from there, and gives bit for bit what an undisturbed one gives."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tests.same_run import assert_same_run

from binrecon.cli import main
from binrecon.training.checkpoints.files import read_checkpoint
from binrecon.training.checkpoints.position import STATE_KEY, Position, read_position
from binrecon.training.module import CountingModule

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_plots")]

RUNS = {
    "frozen": ["features=live", "head=mlp", "head.dropout=0.3", "optimizer=sgdr"],
    "full": ["regime=full", "optimizer=adamw", "trainer.accumulate=2"],
    "gradual": ["regime=gradual", "regime.head_epochs=1", "regime.first_stage=stage4", "optimizer=adam"],
    "averaged": ["regime=full", "data.augment=side_on", "data.balance=sampler", "trainer.ema_decay=0.9"],
}


class Disturbance:
    """Does something in a step of training, once.

    Args:
        patch: What replaces the step.
        epoch: Counted from 0.
        turn: Counted from 0 within the epoch.
        act: What is done before the step.
    """

    def __init__(self, patch: pytest.MonkeyPatch, epoch: int, turn: int, act: Callable[[], None]) -> None:
        step = CountingModule.training_step

        def disturbed(module: CountingModule, batch: object, batch_index: int) -> torch.Tensor:
            if (module.current_epoch, batch_index) == (epoch, turn):
                act()
            return step(module, batch, batch_index)  # type: ignore[arg-type]  # passed on

        patch.setattr(CountingModule, "training_step", disturbed)


def ask_to_stop() -> None:
    signal.raise_signal(signal.SIGTERM)


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def break_down() -> None:
    raise RuntimeError("the machine is gone")


@pytest.fixture
def words(tiny_run: list[str], tmp_path: Path) -> list[str]:
    """Words that train for two epochs of five batches."""
    return ["train", *tiny_run, "logger=csv"]


@pytest.mark.parametrize("name", RUNS)
def test_train__stopped_within_an_epoch(
    name: str,
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """SIGTERM in the third turn of the second epoch: the step is finished, and kept."""
    words += RUNS[name]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert main([*words, f"hydra.run.dir={whole}"]) == 0
    with monkeypatch.context() as patch:
        Disturbance(patch, 1, 2, ask_to_stop)
        assert main([*words, f"hydra.run.dir={stopped}"]) == 130
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    last = stopped / "checkpoints" / "last.ckpt"
    turn, step = (4, 2) if name == "full" else (3, 3)  # of whole batches of two parts
    assert read_position(last) == Position(1, turn, step, 5)
    assert f"stopped; last.ckpt holds epoch 2 up to step {step} of 5\n" in capsys.readouterr().out
    assert main(["train", f"resume={stopped}"]) == 0
    assert_same_run(whole, stopped)
    assert read_position(last) == Position(2)


def test_train__stopped_again_and_again(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words += RUNS["frozen"]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert main([*words, f"hydra.run.dir={whole}"]) == 0
    more = [*words, f"hydra.run.dir={stopped}"]
    for epoch, turn, act in [
        (0, 0, ask_to_stop),
        (0, 1, press_ctrl_c),
        (1, 0, ask_to_stop),
        (1, 3, ask_to_stop),
    ]:
        with monkeypatch.context() as patch:
            Disturbance(patch, epoch, turn, act)
            assert main(more) == 130
        more = ["train", f"resume={stopped}"]
    assert main(more) == 0
    assert_same_run(whole, stopped)


def test_train__broken_down_within_an_epoch(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a checkpoint after every step, no more than one is lost."""
    words += [*RUNS["frozen"], "trainer.checkpoint_minutes=1e-9"]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert main([*words, f"hydra.run.dir={whole}"]) == 0
    with monkeypatch.context() as patch:
        Disturbance(patch, 0, 4, break_down)
        with pytest.raises(RuntimeError, match="is gone"):
            main([*words, f"hydra.run.dir={broken}"])
    position = read_position(broken / "checkpoints" / "last.ckpt")
    assert (position.epoch, position.turn) == (0, 4)
    assert main(["train", f"resume={broken}"]) == 0
    assert_same_run(whole, broken)


def test_train__stopped_while_it_validates(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last of five steps is lost, after which Lightning can write none that it would validate."""
    words += [*RUNS["frozen"], "trainer.checkpoint_minutes=1e-9"]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert main([*words, f"hydra.run.dir={whole}"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(CountingModule, "validation_step", lambda *_: ask_to_stop())
        assert main([*words, f"hydra.run.dir={stopped}"]) == 130
    assert "stopped; last.ckpt holds epoch 1 up to step 4 of 5\n" in capsys.readouterr().out
    position = read_position(stopped / "checkpoints" / "last.ckpt")
    assert (position.epoch, position.turn) == (0, 4)
    assert main(["train", f"resume={stopped}"]) == 0
    assert_same_run(whole, stopped)


@pytest.fixture
def stopped(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_bins: Path) -> Path:
    """A run on a copy of the tiny bins that stopped within its second epoch."""
    bins = shutil.copytree(tiny_bins, tmp_path / "bins")
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        Disturbance(patch, 1, 2, ask_to_stop)
        assert main([*words, *RUNS["frozen"], f"source.root={bins}", f"hydra.run.dir={run}"]) == 130
    return run


def test_train__an_epoch_goes_on_with_its_own_batches(
    stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", f"resume={stopped}", "trainer.max_epochs=1"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "was written within epoch 2, got trainer.max_epochs=1; give at least 2" in said
    assert main(["train", f"resume={stopped}", "data.batch_size=8", "seed=3"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "was begun with other words (" in said
    assert "data.batch_size: 16 there, 8 here" in said
    assert "seed: 0 there, 3 here" in said
    assert main(["train", f"resume={stopped}", "trainer.accumulate=2"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert (
        "was written within an epoch that began with other words (trainer.accumulate: 1 there, 2 here); go on "
        "with those it began with" in said
    )
    words = ["train", f"resume={stopped}", "data.workers=1", "trainer.checkpoint_minutes=null"]
    assert main(words) == 0


def test_train__an_epoch_goes_on_with_its_own_bins(
    stopped: Path, tmp_path: Path, write_bin: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    write_bin(tmp_path / "bins", "99999", 3)
    assert main(["train", f"resume={stopped}"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "the bins are not those of the run in" in said
    assert "1 differ; for instance, bin 99999 is new. " in said
    for path in (tmp_path / "bins").rglob("99999.*"):
        path.unlink()
    assert main(["train", f"resume={stopped}"]) == 0, "what was refused left the run as it was"


def test_train__kept_features_go_on_from_whole_epochs(words: list[str], tmp_path: Path) -> None:
    assert main([*words, f"hydra.run.dir={tmp_path / 'run'}"]) == 0
    assert STATE_KEY not in read_checkpoint(tmp_path / "run" / "checkpoints" / "last.ckpt")["callbacks"]
