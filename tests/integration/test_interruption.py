"""A run that is stopped from outside says so, leaves no process behind, and is marked as failed."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from tests.ctrl_c import heed_ctrl_c

from binrecon.cli import main
from binrecon.training.checkpoints.position import read_position

LONG = "trainer.max_epochs=100000"


def start(words: list[str], run: Path) -> "subprocess.Popen[bytes]":
    """Start a training, and wait until it has written its first epochs."""
    command = [sys.executable, "-m", "binrecon", "train", *words, LONG, f"hydra.run.dir={run}"]
    with run.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=heed_ctrl_c,
        )
    end = time.monotonic() + 120
    while not (run / "checkpoints" / "last.ckpt").exists():
        assert process.poll() is None, run.with_suffix(".log").read_text()
        assert time.monotonic() < end, "the training does not get on"
        time.sleep(0.1)
    return process


@pytest.mark.slow
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_train__stopped(way: signal.Signals, tiny_run: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start([*tiny_run, "logger=wandb", "logger.mode=offline"], run)
    process.send_signal(way)
    assert process.wait(30) == 130
    shown = run.with_suffix(".log").read_text()
    assert "a training run with `binrecon train resume=RUN_FOLDER`\n" in shown
    assert re.search(r"stopped; last.ckpt holds epoch \d+\n", shown)
    assert "Traceback" not in shown
    (place,) = (run / "wandb").glob("offline-run-*")
    inspect = [sys.executable, "-m", "wandb", "leet", "inspect", "--summary", str(place)]
    summary = subprocess.run(inspect, capture_output=True, text=True, check=True).stdout
    assert "failed (exit code 1)" in summary
    epochs = len((run / "metrics.csv").read_text().splitlines()) - 1
    assert main(["train", f"resume={run}", f"trainer.max_epochs={epochs + 1}"]) == 0


@pytest.mark.slow
def test_train__several_processes_are_stopped(tiny_run: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start([*tiny_run, "trainer=ddp_cpu"], run)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 130
    with pytest.raises(ProcessLookupError):  # nobody is left of its session
        os.killpg(process.pid, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "way"),
    [([], signal.SIGINT), (["trainer=ddp_cpu"], signal.SIGTERM)],
    ids=["Ctrl-C", "SIGTERM, two processes"],
)
def test_train__a_whole_group_is_stopped(
    words: list[str], way: signal.Signals, tiny_run: list[str], tmp_path: Path
) -> None:
    """With processes that decode, which get the same signal: the training does not lose them."""
    run = tmp_path / "run"
    process = start([*tiny_run, *words, "features=live", "data.workers=1", "data.batch_size=4"], run)
    os.killpg(process.pid, way)
    assert process.wait(120) == 130
    assert "Traceback" not in log_of(run)
    assert "DataLoader worker" not in log_of(run)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_train__one_of_several_processes_is_stopped_within_an_epoch(
    tiny_run: list[str], tmp_path: Path
) -> None:
    """Both end after the same step, and one process goes on with the epoch that two began."""
    words = [*tiny_run, "features=live", "data.batch_size=6"]  # 14 batches
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    process = start([*words, "trainer=ddp_cpu", "trainer.checkpoint_minutes=1e-9"], stopped)
    (torchrun,) = children_of(process.pid)
    os.kill(children_of(torchrun)[1], signal.SIGTERM)
    assert process.wait(120) == 2, "nobody stopped the run as a whole"
    (epoch, turn, turns) = (
        int(word)
        for word in re.findall(r"last.ckpt holds epoch (\d+) up to step (\d+) of (\d+)", log_of(stopped))[0]
    )
    position = read_position(stopped / "checkpoints" / "last.ckpt")
    assert (position.epoch, position.turn) == (epoch - 1, turn)
    assert 0 < turn < turns == 14
    epochs = f"trainer.max_epochs={epoch + 1}"
    assert main(["train", f"resume={stopped}", "trainer=cpu", epochs]) == 0
    assert main(["train", *words, epochs, f"hydra.run.dir={whole}"]) == 0
    pd.testing.assert_frame_equal(*(pd.read_csv(run / "metrics.csv") for run in (whole, stopped)), rtol=1e-4)


STUCK = """
import ctypes, functools, sys
import binrecon.cli
from binrecon.training.module import CountingModule

def stick(*_):
    mutex, library = ctypes.create_string_buffer(64), ctypes.CDLL(None)
    print("stuck", flush=True)
    library.pthread_mutex_lock(mutex)
    library.pthread_mutex_lock(mutex)

CountingModule.validation_step = stick
binrecon.cli.ending_when_told = functools.partial(binrecon.cli.ending_when_told, 2.0)
sys.exit(binrecon.cli.main(sys.argv[1:], is_whole_process=True))
"""


@pytest.mark.slow
def test_train__stuck_where_no_handler_runs(tiny_run: list[str], tmp_path: Path) -> None:
    """With a process that decodes, told twice: all of them end, which Lightning's handler would wait for."""
    words = [*tiny_run, "features=live", "data.workers=1", f"hydra.run.dir={tmp_path / 'run'}"]
    with subprocess.Popen(
        [sys.executable, "-c", STUCK, "train", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any(line == "stuck\n" for line in process.stdout)
        time.sleep(0.5)  # from the line to the lock
        children = children_of(process.pid)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped by force 2 s after SIGTERM" in errors
    assert children
    assert not [child for child in children if is_running(child)]


def log_of(run: Path) -> str:
    return " ".join(run.with_suffix(".log").read_text().split())


def is_running(process: int) -> bool:
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())  # empty of one that nobody has asked about
    except OSError:
        return False


def children_of(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
