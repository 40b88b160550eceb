"""What is done about signals, between steps and elsewhere; whole runs are in tests/integration."""

import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytorch_lightning as pl
from pytorch_lightning.trainer.states import TrainerFn, TrainerState

from binrecon.training.checkpoints.within_epoch import CheckpointWithinEpoch, Wish
from binrecon.training.distributed.place import ALONE, Place

FIRST = Place("srun", "slurm_7_0", rank=0, size=2)


@pytest.fixture(autouse=True)
def _keep_handlers() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def trainer() -> pl.Trainer:
    """What the callback asks of a trainer that trains."""
    return cast(
        pl.Trainer,
        SimpleNamespace(validating=False, is_global_zero=True, state=TrainerState(fn=TrainerFn.FITTING)),
    )


def listen(trainer: pl.Trainer, place: Place = ALONE, minutes: float | None = 10.0) -> CheckpointWithinEpoch:
    callback = CheckpointWithinEpoch(Path("last.ckpt"), minutes, {}, place, None)
    callback.on_train_start(trainer, cast(Any, None))
    return callback


def test_signals__are_heeded_after_the_step(trainer: pl.Trainer) -> None:
    callback = listen(trainer)
    signal.raise_signal(signal.SIGTERM)
    assert callback.asked == Wish.STOP


def test_signals__a_second_ctrl_c_ends_at_once(
    trainer: pl.Trainer, capfd: pytest.CaptureFixture[str]
) -> None:
    callback = listen(trainer)
    signal.raise_signal(signal.SIGINT)
    assert callback.asked == Wish.STOP
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert capfd.readouterr().err == "\nstopping after this step; Ctrl-C again stops at once\n"


def test_signals__after_the_last_epoch(trainer: pl.Trainer) -> None:
    """Heard while Lightning takes down what it has set up, and heeded before the test of the run."""
    callback = listen(trainer)
    callback.teardown(trainer, cast(Any, None), TrainerFn.FITTING)
    signal.raise_signal(signal.SIGTERM)
    callback.teardown(trainer, cast(Any, None), TrainerFn.TESTING)
    with pytest.raises(KeyboardInterrupt):
        callback.teardown(trainer, cast(Any, None), TrainerFn.FITTING)


def test_signals__sigterm_may_come_again(trainer: pl.Trainer) -> None:
    callback = listen(trainer)
    for _ in range(3):
        signal.raise_signal(signal.SIGTERM)
    assert callback.asked == Wish.STOP


def test_signals__what_is_ignored_stays_so(trainer: pl.Trainer) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    callback = listen(trainer)
    signal.raise_signal(signal.SIGINT)
    assert callback.asked == Wish.GO_ON


def test_signals__one_in_validation_ends_at_once(trainer: pl.Trainer) -> None:
    listen(trainer)
    cast(Any, trainer).validating = True
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def test_signals__sigusr1_of_srun_is_passed_on_when_the_run_ends(trainer: pl.Trainer) -> None:
    """To what stood there before, which puts the job back into the queue."""
    heard: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
    callback = listen(trainer, FIRST)
    signal.raise_signal(signal.SIGUSR1)
    assert (callback.asked, heard) == (Wish.REQUEUE, [])
    with pytest.raises(KeyboardInterrupt):
        callback.on_train_end(trainer, cast(Any, None))
    assert heard == [signal.SIGUSR1]


def test_signals__sigusr1_elsewhere_is_not_ours(trainer: pl.Trainer) -> None:
    before = signal.getsignal(signal.SIGUSR1)
    listen(trainer)
    assert signal.getsignal(signal.SIGUSR1) is before


def test_signals__what_was_asked_after_the_last_step_is_heeded_before_validation(trainer: pl.Trainer) -> None:
    callback = listen(trainer)
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        callback.on_validation_start(trainer, cast(Any, None))


@pytest.mark.parametrize(
    ("minutes", "waited_s", "is_before_the_last", "is_due"),
    [
        (10.0, 599, False, False),
        (10.0, 601, False, True),
        (10.0, 59, True, False),
        (10.0, 61, True, True),
        (0.5, 31, True, True),
        (None, 1e9, False, False),
        (None, 61, True, True),
    ],
)
def test_is_due(
    minutes: float | None, waited_s: float, is_before_the_last: bool, is_due: bool, trainer: pl.Trainer
) -> None:
    callback = listen(trainer, minutes=minutes)
    callback.saved_at -= waited_s
    assert callback._is_due(is_before_the_last) == is_due
