"""torchrun's agents, started by tests as somebody on several machines would start them."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

Agent = subprocess.Popen[bytes]

TWO = ["trainer=ddp_cpu", "trainer.devices=1", "trainer.nodes=2"]
"""Words of a run on two machines with a process each."""


def start_agent(options: Sequence[str], words: Sequence[str], log: Path, before: Sequence[str] = ()) -> Agent:
    """Start torchrun on one of two machines, with a process that trains.

    Args:
        options: Of torchrun: where and how the machines meet.
        words: Of the training.
        log: Where its output goes.
        before: A command that starts it.
    """
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"]
    meeting = ["--rdzv-id=bins1", "--rdzv-backend=c10d", *options]
    command = [*before, *torchrun, *meeting, "-m", "binrecon", "train", *words]
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)


@contextmanager
def ending_agents() -> Iterator[list[Agent]]:
    """Collect those that a test starts; none is left when it ends, nor what they started."""
    started: list[Agent] = []
    yield started
    for agent in started:
        agent.terminate()  # passed on by torchrun
        agent.wait(60)


def worker_of(agent: Agent) -> int:
    """Return the id of the process that an agent has started."""
    (child,) = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
    return int(child)


def logs(folder: Path) -> str:
    """Return the end of what both agents and their processes wrote."""
    return "\n".join((folder / f"{number}.log").read_text()[-3000:] for number in range(2))


def wait_until_ended(processes: Sequence[int], seconds: float) -> None:
    """Wait until all of them are gone, but for what a parent that hangs has not taken notice of yet."""
    end = time.monotonic() + seconds
    while living := [process for process in processes if _is_alive(process)]:
        assert time.monotonic() < end, f"after {seconds} s {living} of {processes} live on"
        time.sleep(0.05)


def _is_alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def epochs_of(run: Path) -> list[int]:
    """Return the numbers of the epochs that are written down."""
    history = run / "metrics.csv"
    return pd.read_csv(history)["epoch"].tolist() if history.exists() else []


def wait_for_epochs(run: Path, more: int, agents: Sequence[Agent], folder: Path) -> None:
    """Wait until a run has got on by so many epochs."""
    before, end = len(epochs_of(run)), time.monotonic() + 240
    while len(epochs_of(run)) < before + more or not (run / "checkpoints" / "last.ckpt").exists():
        assert all(agent.poll() is None for agent in agents), logs(folder)
        assert time.monotonic() < end, "the training does not get on"
        time.sleep(0.05)


def assert_whole(run: Path, epochs: int) -> None:
    """Make sure that a run on the tiny bins has each epoch once, and all that comes after."""
    assert epochs_of(run) == list(range(1, epochs + 1))
    assert len(pd.read_parquet(run / "predictions.parquet")) == 25
    assert (run / "metrics.json").exists()
