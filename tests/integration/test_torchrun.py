"""Runs that torchrun starts on two machines: here two of its agents, which meet on loopback, with a process each."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

TWO = ["trainer=ddp_cpu", "trainer.devices=1", "trainer.nodes=2"]
EPOCHS = 60


def start_agents(
    words: list[str], folder: Path, own: tuple[list[str], ...] = ([], []), restarts: int = 0
) -> list["subprocess.Popen[bytes]"]:
    """Start the same training under two agents, with words that one of them has alone."""
    port = random.randint(20_000, 30_000)
    torchrun = [
        sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1", "--rdzv-id=bins1",
        "--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{port}", "--local-addr=127.0.0.1",
        f"--max-restarts={restarts}",
    ]  # fmt: skip
    agents = []
    for number in range(2):
        command = [*torchrun, "-m", "binrecon", "train", *words, *TWO, *own[number]]
        with (folder / f"{number}.log").open("wb") as log:
            agents.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))
    return agents


def worker_of(agent: "subprocess.Popen[bytes]") -> int:
    """Return the id of the process that an agent has started."""
    (child,) = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
    return int(child)


def epochs_of(run: Path) -> int:
    """Return how many epochs are written down."""
    lines = (run / "metrics.csv").read_text().splitlines() if (run / "metrics.csv").exists() else []
    return max(len(lines) - 1, 0)


def wait_until(holds: Callable[[], bool], seconds: float, complaint: str) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, complaint
        time.sleep(0.05)


def wait_for_epochs(run: Path, count: int, agents: list["subprocess.Popen[bytes]"], folder: Path) -> None:
    def has_come() -> bool:
        assert all(agent.poll() is None for agent in agents), logs(folder)
        return epochs_of(run) >= count and (run / "checkpoints" / "last.ckpt").exists()

    wait_until(has_come, 240, "the training does not get on")


def logs(folder: Path) -> str:
    return "\n".join((folder / f"{number}.log").read_text()[-3000:] for number in range(2))


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def agents() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Those that a test starts; none is left when it ends, nor what they started."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for agent in started:
        agent.terminate()  # passed on by torchrun
        agent.wait(60)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_train__a_killed_process_ends_the_others_and_the_run_goes_on(
    agents: list["subprocess.Popen[bytes]"], tiny_run: list[str], tmp_path: Path
) -> None:
    """`kill -9` on one machine: the process of the other is gone within 45 s, and the same commands go on.

    The machines do not see each other's disk. The first agent has the first rank: torchrun sorts them by address
    and process id.
    """
    disks = tuple([f"{key}={tmp_path / disk}" for key in ("output_root", "cache_dir")] for disk in "ab")
    agents += start_agents([*tiny_run, f"trainer.max_epochs={EPOCHS}"], tmp_path, disks)
    run = tmp_path / "a" / "train" / "torchrun_bins1"
    wait_for_epochs(run, 1, agents, tmp_path)
    victim, other = (worker_of(agent) for agent in reversed(agents))
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: not is_alive(other), 45, "the other process lives on")
    assert all(agent.wait(100) for agent in agents), logs(tmp_path)
    assert "failed (exitcode: -9)" in logs(tmp_path)
    again = start_agents([*tiny_run, f"trainer.max_epochs={EPOCHS}"], tmp_path, disks)
    agents += again
    assert [agent.wait(200) for agent in again] == [0, 0], logs(tmp_path)
    assert pd.read_csv(run / "metrics.csv")["epoch"].tolist() == list(range(1, EPOCHS + 1))
    assert len(pd.read_parquet(run / "predictions.parquet")) == 25
    assert {file.name for file in (tmp_path / "b" / "train" / "torchrun_bins1").rglob("*.*")} == {
        "run.json",
        "manifest.parquet",
        "backbone.ckpt",
        "last.ckpt",
        "best.ckpt",
    }


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_train__torchrun_restarts_both_after_either_was_killed(
    agents: list["subprocess.Popen[bytes]"], tiny_run: list[str], tmp_path: Path
) -> None:
    """`kill -9` on one machine and later on the other: torchrun alone brings the run to its end."""
    disks = tuple([f"{key}={tmp_path / disk}" for key in ("output_root", "cache_dir")] for disk in "ab")
    agents += start_agents([*tiny_run, f"trainer.max_epochs={4 * EPOCHS}"], tmp_path, disks, restarts=3)
    run = tmp_path / "a" / "train" / "torchrun_bins1"
    for victim in reversed(agents):
        wait_for_epochs(run, epochs_of(run) + 2, agents, tmp_path)
        before = [worker_of(agent) for agent in agents]
        os.kill(worker_of(victim), signal.SIGKILL)
        wait_until(lambda: not any(is_alive(process) for process in before), 45, "a process lives on")
    assert [agent.wait(300) for agent in agents] == [0, 0], logs(tmp_path)
    assert epochs_of(run) == 4 * EPOCHS
    assert pd.read_csv(run / "metrics.csv")["epoch"].tolist() == list(range(1, 4 * EPOCHS + 1))
    assert len(pd.read_parquet(run / "predictions.parquet")) == 25
    assert (run / "metrics.json").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_train__processes_that_do_not_run_the_same(
    agents: list["subprocess.Popen[bytes]"], tiny_run: list[str], tmp_path: Path
) -> None:
    agents += start_agents(tiny_run, tmp_path, own=([], ["seed=1", "optimizer.lr=0.5"]))
    assert all(agent.wait(200) for agent in agents)
    for number in range(2):
        assert (
            "TrainingError: the processes do not run the same: rank 1 has "
            in (tmp_path / f"{number}.log").read_text()
        )
    assert not (tmp_path / "outputs").exists() or not list((tmp_path / "outputs").rglob("run.json"))
