"""Trials of workers that died are run again, by one of the others, once."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.study import Study
from optuna.trial import TrialState

from binrecon.sweep.sampling import quieten_optuna
from binrecon.sweep.storage import open_storage
from binrecon.sweep.workers import (
    DEAD_AFTER_S,
    ERROR,
    LOST,
    RETRY_OF,
    WORKER,
    Worker,
    count_seconds,
    is_gone,
    name_worker,
)


@pytest.fixture
def open_study(tmp_path: Path) -> Callable[[], Study]:
    """Opens one study, as several processes would."""
    quieten_optuna()

    def open_it() -> Study:
        storage = open_storage(None, tmp_path / "study.journal")
        return optuna.create_study(study_name="s", storage=storage, load_if_exists=True)

    return open_it


def ask(study: Study, worker: str | None) -> optuna.Trial:
    trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
    if worker is not None:
        trial.set_user_attr(WORKER, worker)
    return trial


def name_of_ended_process() -> str:
    script = "from binrecon.sweep.workers import name_worker; print(name_worker())"
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_is_gone() -> None:
    host, pid, start = name_worker().rsplit("/", 2)
    assert pid == str(os.getpid())
    assert not is_gone(name_worker())
    assert is_gone(f"{host}/{pid}/{int(start) + 1}")  # the number was given to another process since
    assert not is_gone("another-machine/1/1")  # nobody can say
    assert is_gone(name_of_ended_process())


def test_is_gone__before_its_parent_takes_note() -> None:
    script = "from binrecon.sweep.workers import name_worker; print(name_worker(), flush=True)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as ended:
        assert ended.stdout is not None
        name = ended.stdout.readline().strip()
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert is_gone(name)


def test_take_over__a_dead_worker_of_this_machine(open_study: Callable[[], Study]) -> None:
    study = open_study()
    lost = ask(study, name_of_ended_process())
    ask(study, None)  # died before it had signed
    with Worker(study) as worker:
        mine = ask(study, worker.name)
        assert worker.take_over() == [0, 1]
        assert worker.take_over() == []
        trials = study.trials
    assert [trial.state for trial in trials[:3]] == [TrialState.FAIL, TrialState.FAIL, TrialState.RUNNING]
    assert trials[0].user_attrs[LOST]
    assert trials[0].user_attrs[ERROR] == "its worker died"
    assert mine.number == 2
    again = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
    assert again.params == lost.params
    assert again.user_attrs[RETRY_OF] == 0


def test_take_over__one_of_two_that_notice(open_study: Callable[[], Study]) -> None:
    ask(open_study(), name_of_ended_process())
    first, second = Worker(open_study()), Worker(open_study())
    trial = first.study.trials[0]
    assert second.study.trials[0].state == TrialState.RUNNING
    assert first.give_back(trial)
    assert not second.give_back(trial)
    assert sum(trial.state == TrialState.WAITING for trial in open_study().trials) == 1


def test_take_over__another_machine_is_given_time(open_study: Callable[[], Study]) -> None:
    study, now = open_study(), 0.0
    study.set_user_attr(f"{WORKER}:far/1/1", {"beats": 1, "seconds": 0.0})
    ask(study, "far/1/1")
    worker = Worker(study, clock=lambda: now)
    assert worker.take_over() == []
    now = DEAD_AFTER_S
    study.set_user_attr(f"{WORKER}:far/1/1", {"beats": 2, "seconds": 15.0})
    assert worker.take_over() == []  # it lives
    now = 2 * DEAD_AFTER_S
    assert worker.take_over() == []  # no sign since, but not for long enough
    now += 1
    assert worker.take_over() == [0]


def test_worker__leaves_nothing_behind(open_study: Callable[[], Study]) -> None:
    study = open_study()
    with pytest.raises(KeyboardInterrupt), Worker(study) as worker:  # noqa: PT012  # the block is what is tested
        ended, begun = ask(study, worker.name), ask(study, worker.name)
        ask(study, "another-machine/1/1")
        study.tell(ended, 1.0)
        raise KeyboardInterrupt
    states = [trial.state for trial in study.trials]
    assert states == [TrialState.COMPLETE, TrialState.FAIL, TrialState.RUNNING, TrialState.WAITING]
    assert study.trials[begun.number].user_attrs[ERROR] == "stopped"


def test_count_seconds__adds_workers_up(open_study: Callable[[], Study]) -> None:
    study, now = open_study(), 0.0
    for number, seconds in enumerate((2.5, 4.0)):
        study.set_user_attr(f"{WORKER}:host/{number}/1", {"beats": 1, "seconds": seconds})
    study.set_user_attr("another", 1)
    worker = Worker(study, clock=lambda: now)
    now = 1.0
    worker.beat()
    now = 3.0  # of which it has told one
    assert count_seconds(study, worker) == 9.5
