"""The job of the README, under stand-ins for Slurm's commands: two tasks train, are stopped, and go on."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from tests.ports import find_free_ports
from tests.slurm import install

BASH = shutil.which("bash") or "bash"
README = Path(__file__).parents[2] / "README.md"


def job_script(folder: Path) -> Path:
    """Write down the batch script that the README gives."""
    (text,) = re.findall(r"```bash\n(#!/bin/bash\n#SBATCH.*?)```", README.read_text(), re.DOTALL)
    script = folder / "train.sbatch"
    script.write_text(text)
    return script


def test_job__is_a_script(tmp_path: Path) -> None:
    script = job_script(tmp_path)
    assert subprocess.run([BASH, "-n", str(script)], check=False).returncode == 0
    assert "#SBATCH --requeue\n" in script.read_text()


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job of two nodes with a task each; returns what Slurm's commands note down."""
    install(tmp_path / "bin")
    (port,) = find_free_ports(1)
    paths = [str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    environ = {"SLURM_JOB_ID": "4711", "SLURM_NNODES": "2", "SLURM_NOTES": str(tmp_path / "notes")}
    for name, value in {**environ, "PATH": ":".join(paths), "MASTER_PORT": str(port)}.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "notes"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.enable_socket
def test_job__is_put_back_into_the_queue_and_goes_on(
    cluster: Path, tiny_run: list[str], tmp_path: Path
) -> None:
    words = ["trainer.accelerator=cpu", *tiny_run, "features=live"]
    command = [BASH, str(job_script(tmp_path)), *words]
    run = tmp_path / "outputs" / "train" / "slurm_4711_0"
    with (tmp_path / "log").open("wb") as log:
        endless = [*command, "trainer.max_epochs=100000"]
        job = subprocess.Popen(endless, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            wait_for(run / "checkpoints" / "last.ckpt", job, tmp_path / "log")
            os.kill(int(cluster.with_suffix(".pid").read_text()), signal.SIGUSR1)
            job.wait(120)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(job.pid, signal.SIGKILL)
            job.wait()
        noted = cluster.read_text().splitlines()
        assert noted[0].startswith("srun --kill-on-bad-exit=1 binrecon train trainer=slurm ")
        assert noted[1:] == ["requeue 4711"]
        done = len(pd.read_csv(run / "metrics.csv"))
        epochs = f"trainer.max_epochs={done + 2}"
        again = subprocess.run([*command, epochs], stdout=log, stderr=subprocess.STDOUT, check=False)
    assert again.returncode == 0, (tmp_path / "log").read_text()[-3000:]
    assert pd.read_csv(run / "metrics.csv")["epoch"].tolist() == list(range(1, done + 3))
    said = " ".join((tmp_path / "log").read_text().split())
    (epoch, step) = re.findall(r"stopped; last.ckpt holds epoch (\d+)(?: up to step (\d+) of 5)?", said)[0]
    assert int(epoch) == (done + 1 if step else done)
    assert "the job was put back into the queue" in said


def wait_for(file: Path, job: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 240
    while not file.exists():
        assert job.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < end, "the training does not get on"
        time.sleep(0.1)
