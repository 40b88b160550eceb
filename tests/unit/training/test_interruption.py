import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from binrecon.training.distributed.place import ALONE, Place
from binrecon.training.interruption import requeueing, stopping_as_asked

FIRST = Place("srun", "slurm_7_0", rank=0, size=2)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a stand-in for `scontrol` was asked."""
    command = tmp_path / "scontrol"
    command.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/notes\nexit ${{STATUS:-0}}\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.delenv("SLURM_ARRAY_JOB_ID", raising=False)
    return tmp_path / "notes"


@pytest.fixture(autouse=True)
def _keep_handlers() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_stopping_as_asked__before_the_first_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for error in (KeyboardInterrupt, SystemExit):
        with pytest.raises(KeyboardInterrupt), stopping_as_asked(tmp_path / "last.ckpt", ALONE):
            raise error
        assert capsys.readouterr().out == "stopped; no checkpoint was written yet\n"


def test_stopping_as_asked__the_first_of_several_speaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = Place("srun", "slurm_7_0", rank=1, size=2)
    with pytest.raises(KeyboardInterrupt), stopping_as_asked(tmp_path / "last.ckpt", second):
        raise KeyboardInterrupt
    assert capsys.readouterr().out == ""


def stop(place: Place) -> None:
    with pytest.raises(KeyboardInterrupt), requeueing(place):
        signal.raise_signal(signal.SIGUSR1)


def test_requeueing__the_first_task_asks(notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stop(FIRST)
    assert notes.read_text() == "requeue 7\n"
    assert "the job was put back into the queue and will go on from its last" in capsys.readouterr().out


def test_requeueing__the_others_end(notes: Path) -> None:
    stop(Place("srun", "slurm_7_0", rank=1, size=2))
    assert not notes.exists()


def test_requeueing__of_an_array(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "5")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "2")
    stop(FIRST)
    assert notes.read_text() == "requeue 5_2\n"


@pytest.mark.usefixtures("notes")
def test_requeueing__refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("STATUS", "1")
    stop(FIRST)
    assert "scontrol requeue failed with status 1; submit the job again" in capsys.readouterr().out


def test_requeueing__is_for_srun_alone() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with requeueing(ALONE):
        assert signal.getsignal(signal.SIGUSR1) is before
