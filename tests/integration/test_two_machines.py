"""Runs on two machines that share neither loopback nor disk: network namespaces with an address each.

Their host name leads each of them to its own loopback, as many an /etc/hosts has it.
"""

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
from tests.machines import Machine, two_machines

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("two_machines")]

SILENCE_S = 10


@pytest.fixture
def machines() -> Iterator[tuple[Machine, Machine]]:
    with two_machines() as both:
        yield both


@pytest.fixture
def agents(machines: tuple[Machine, Machine]) -> Iterator[list[Agent]]:
    with ending_agents() as started:
        yield started


def start_agents(
    machines: tuple[Machine, Machine], words: list[str], folder: Path, restarts: int = 0
) -> list[Agent]:
    """Start the same training on both, as the README says."""
    agents = []
    for number, machine in enumerate(machines):
        options = [
            f"--rdzv-endpoint={machines[0].address}:29400",
            f"--local-addr={machine.address}",
            f"--rdzv-conf=is_host={int(machine is machines[0])}",
            f"--max-restarts={restarts}",
        ]
        disk = [f"output_root={folder / machine.address}", f"cache_dir={folder / machine.address / 'cache'}"]
        here = [*words, *TWO, *disk, f"trainer.silence_timeout_s={SILENCE_S}"]
        agents.append(start_agent(options, here, folder / f"{number}.log", machine.prefix))
    return agents


def test_train__a_killed_process_ends_the_other_machine_and_the_run_goes_on(
    machines: tuple[Machine, Machine], agents: list[Agent], tiny_run: list[str], tmp_path: Path
) -> None:
    words = [*tiny_run, "trainer.max_epochs=60"]
    agents += start_agents(machines, words, tmp_path)
    run = tmp_path / machines[0].address / "train" / "torchrun_bins1"
    wait_for_epochs(run, 1, agents, tmp_path)
    other, victim = (worker_of(agent) for agent in agents)
    os.kill(victim, signal.SIGKILL)
    wait_until_ended([other], 45)
    assert all(agent.wait(100) for agent in agents), logs(tmp_path)
    again = start_agents(machines, words, tmp_path)
    agents += again
    assert [agent.wait(200) for agent in again] == [0, 0], logs(tmp_path)
    assert_whole(run, 60)


@pytest.mark.parametrize("pulled", [0, 1])
def test_train__a_cable_is_pulled_out_and_put_in_again(
    machines: tuple[Machine, Machine], agents: list[Agent], tiny_run: list[str], tmp_path: Path, pulled: int
) -> None:
    """Both processes end within the time that the configuration says; torchrun restarts them once they meet."""
    agents += start_agents(machines, [*tiny_run, "trainer.max_epochs=240"], tmp_path, restarts=3)
    run = tmp_path / machines[0].address / "train" / "torchrun_bins1"
    wait_for_epochs(run, 2, agents, tmp_path)
    workers = [worker_of(agent) for agent in agents]
    machines[pulled].plug("down")
    since = time.monotonic()
    wait_until_ended(workers, 2 * SILENCE_S)
    assert time.monotonic() - since > SILENCE_S / 2
    machines[pulled].plug("up")
    assert [agent.wait(300) for agent in agents] == [0, 0], logs(tmp_path)
    assert_whole(run, 240)
    said = [(tmp_path / f"{number}.log").read_text() for number in range(2)]
    unheard = f"has not been heard of for {SILENCE_S} s (trainer.silence_timeout_s): its network or"
    assert f"TrainingError: machine 1 of 2 (counted from 0) {unheard}" in said[0]
    assert f"TrainingError: the machine of the first process {unheard}" in said[1]
