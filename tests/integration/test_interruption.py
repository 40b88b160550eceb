"""A run that is stopped from outside says so, leaves no process behind, and is marked as failed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.ctrl_c import heed_ctrl_c

from binrecon.cli import main

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
