"""Runs that torchrun starts on two machines: here two of its agents, which meet on loopback, with a process each."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.agents import (
    TWO,
    Agent,
    assert_whole,
    ending_agents,
    logs,
    start_agent,
    wait_for_epochs,
    wait_until_ended,
    worker_of,
)
from tests.ports import find_free_ports

pytestmark = pytest.mark.enable_socket

EPOCHS = 160
"""So many that both processes are killed before the last of them."""


def start_agents(
    words: list[str], folder: Path, own: tuple[list[str], ...] = ([], []), restarts: int = 0
) -> list[Agent]:
    """Start the same training under two agents, with words that one of them has alone."""
    endpoint = f"--rdzv-endpoint=127.0.0.1:{find_free_ports(1)[0]}"
    options = [endpoint, "--local-addr=127.0.0.1", f"--max-restarts={restarts}"]
    return [
        start_agent(options, [*words, *TWO, *own[number]], folder / f"{number}.log") for number in range(2)
    ]


def disks_of(folder: Path) -> tuple[list[str], ...]:
    """Return words for two machines that do not see each other's disk."""
    return tuple([f"{key}={folder / disk}" for key in ("output_root", "cache_dir")] for disk in "ab")


@pytest.fixture
def agents() -> Iterator[list[Agent]]:
    with ending_agents() as started:
        yield started


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_train__torchrun_restarts_both_after_either_was_killed(
    agents: list[Agent], tiny_run: list[str], tmp_path: Path
) -> None:
    """`kill -9` on one machine and later on the other: torchrun alone brings the run to its end.

    The first agent has the first rank: torchrun sorts them by address and process id.
    """
    words = [*tiny_run, f"trainer.max_epochs={EPOCHS}"]
    agents += start_agents(words, tmp_path, disks_of(tmp_path), restarts=3)
    run = tmp_path / "a" / "train" / "torchrun_bins1"
    for victim in reversed(agents):
        wait_for_epochs(run, 2, agents, tmp_path)
        before = [worker_of(agent) for agent in agents]
        os.kill(worker_of(victim), signal.SIGKILL)
        wait_until_ended(before, 45)
    assert [agent.wait(300) for agent in agents] == [0, 0], logs(tmp_path)
    assert_whole(run, EPOCHS)
    said = "".join((tmp_path / f"{number}.log").read_text() for number in range(2))
    assert re.search(r"TrainingError: another process is gone, and process \d cannot go on without it", said)
    sent = (tmp_path / "b" / "train" / "torchrun_bins1").rglob("*.*")
    assert {file.name for file in sent} == {
        "checksums.json", "run.json", "manifest.parquet", "backbone.ckpt", "last.ckpt", "best.ckpt",
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_train__processes_that_do_not_run_the_same(
    agents: list[Agent], tiny_run: list[str], tmp_path: Path
) -> None:
    agents += start_agents(tiny_run, tmp_path, own=([], ["seed=1", "optimizer.lr=0.5"]))
    assert all(agent.wait(200) for agent in agents)
    for number in range(2):
        assert (
            "TrainingError: the processes do not run the same: rank 1 has "
            in (tmp_path / f"{number}.log").read_text()
        )
    assert not (tmp_path / "outputs").exists() or not list((tmp_path / "outputs").rglob("run.json"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("is_host", "complaint"),
    [
        pytest.param(1, "RendezvousTimeoutError", id="the other machines never come"),
        pytest.param(
            0, "RendezvousConnectionError: The connection to the C10d store has failed", id="the first"
        ),
    ],
)
def test_train__a_machine_that_never_joins(
    agents: list[Agent], tmp_path: Path, is_host: int, complaint: str
) -> None:
    """What torchrun itself says, and when: README quotes it."""
    started = time.monotonic()
    limits = f"--rdzv-conf=is_host={is_host},join_timeout=5,read_timeout=5"
    endpoint = f"--rdzv-endpoint=127.0.0.1:{find_free_ports(1)[0]}"
    agents.append(start_agent([endpoint, limits], [], tmp_path / "0.log"))
    assert agents[0].wait(120) == 1
    assert time.monotonic() - started > 5
    assert complaint in (tmp_path / "0.log").read_text()
