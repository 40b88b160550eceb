"""Runs on two machines that share neither loopback nor disk: network namespaces with an address each.

Their host name leads each of them to its own loopback, as many an /etc/hosts has it.
"""

import contextlib
import os
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
from tests.machines import ADDRESSES, Machine, two_machines

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("two_machines")]

SILENCE_S = 10

EPOCHS = 120
"""So many that a machine is lost before the last of them."""


@pytest.fixture
def machines() -> Iterator[tuple[Machine, Machine]]:
    with two_machines() as both:
        yield both


@pytest.fixture
def agents(machines: tuple[Machine, Machine]) -> Iterator[list[Agent]]:
    with ending_agents() as started:
        yield started


def start_one(
    machine: Machine, words: list[str], folder: Path, restarts: int = 0, disk: str | None = None
) -> Agent:
    """Start the training on one of them, as the README says."""
    options = [
        f"--rdzv-endpoint={ADDRESSES[0]}:29400",
        f"--local-addr={machine.address}",
        f"--rdzv-conf=is_host={int(machine.address == ADDRESSES[0])}",
        f"--max-restarts={restarts}",
    ]
    own = folder / (disk or machine.address)
    places = [f"output_root={own}", f"cache_dir={own / 'cache'}", f"trainer.silence_timeout_s={SILENCE_S}"]
    log = folder / f"{ADDRESSES.index(machine.address)}.log"
    return start_agent(options, [*words, *TWO, *places], log, machine.prefix)


def start_both(
    machines: tuple[Machine, Machine], words: list[str], folder: Path, restarts: int = 0
) -> list[Agent]:
    return [start_one(machine, words, folder, restarts) for machine in machines]


def test_train__a_cable_is_pulled_out_and_put_in_again(
    machines: tuple[Machine, Machine], agents: list[Agent], tiny_run: list[str], tmp_path: Path
) -> None:
    """Both processes end within the time that the configuration says; torchrun restarts them once they meet."""
    agents += start_both(machines, [*tiny_run, f"trainer.max_epochs={EPOCHS}"], tmp_path, restarts=3)
    run = tmp_path / machines[0].address / "train" / "torchrun_bins1"
    wait_for_epochs(run, 2, agents, tmp_path)
    workers = [worker_of(agent) for agent in agents]
    machines[1].plug("down")
    since = time.monotonic()
    wait_until_ended(workers, 2 * SILENCE_S)
    assert time.monotonic() - since > SILENCE_S / 2
    machines[1].plug("up")
    assert [agent.wait(300) for agent in agents] == [0, 0], logs(tmp_path)
    assert_whole(run, EPOCHS)
    said = [(tmp_path / f"{number}.log").read_text() for number in range(2)]
    unheard = f"has not been heard of for {SILENCE_S} s (trainer.silence_timeout_s): its network or"
    assert f"TrainingError: machine 1 of 2 (counted from 0) {unheard}" in said[0]
    assert f"TrainingError: the machine of the first process {unheard}" in said[1]


def test_train__a_machine_is_replaced(
    machines: tuple[Machine, Machine],
    agents: list[Agent],
    tiny_run: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All that ran on it is gone, torchrun too; one with an empty disk takes its place by the same command."""
    monkeypatch.setenv("TORCH_DISABLE_SHARE_RDZV_TCP_STORE", "1")
    words = [*tiny_run, f"trainer.max_epochs={EPOCHS}"]
    agents += start_both(machines, words, tmp_path, restarts=3)
    run = tmp_path / machines[0].address / "train" / "torchrun_bins1"
    wait_for_epochs(run, 2, agents, tmp_path)
    lost = agents.pop()
    worker = worker_of(lost)
    lost.kill()
    with contextlib.suppress(ProcessLookupError):  # it may have missed the other already
        os.kill(worker, signal.SIGKILL)
    lost.wait()
    agents.append(start_one(machines[1], words, tmp_path, restarts=3, disk="new"))
    assert [agent.wait(300) for agent in agents] == [0, 0], logs(tmp_path)
    assert_whole(run, EPOCHS)
