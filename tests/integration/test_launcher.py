"""Processes of a training on one machine end with whoever started them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def at_work(run: Path, word: bytes = b"") -> Iterator[int]:
    """Yield the ids of all processes whose command line names a run folder, and holds a word."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if str(run).encode() in words and word in words:
            yield int(path.parent.name)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has ended")
@pytest.mark.parametrize("killed", [b"train\0", b"distributed.launcher"])
def test_train__killed_leaves_no_process_that_writes_on(
    killed: bytes, tiny_run: list[str], tmp_path: Path
) -> None:
    """`kill -9` of what was started by hand, or of its launcher: else two trainings would write into one folder."""
    run = tmp_path / "run"
    words = [*tiny_run, "trainer=ddp_cpu", "trainer.max_epochs=100000", f"hydra.run.dir={run}"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "binrecon", "train", *words], stdout=log, stderr=subprocess.STDOUT
        )
    end = time.monotonic() + 120
    while not (run / "checkpoints" / "last.ckpt").exists():
        assert process.poll() is None, (tmp_path / "log").read_text()
        assert time.monotonic() < end, "the training does not get on"
        time.sleep(0.1)
    assert len(list(at_work(run))) == 4, "the process, its launcher, and two that train"
    (victim,) = at_work(run, killed)
    os.kill(victim, signal.SIGKILL)
    assert process.wait(40) != 0
    end = time.monotonic() + 40
    while left := list(at_work(run)):
        assert time.monotonic() < end, f"{left} go on"
        time.sleep(0.1)
