"""A study draws and names the same however often its workers die."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.study import Study
from optuna.trial import Trial, TrialState

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.search_space import build_space
from binrecon.sweep.outcome import Outcome
from binrecon.sweep.positions import LOST, RETRY_OF, SURPLUS, list_firsts, list_orphans, renumber
from binrecon.sweep.sampling import quieten_optuna
from binrecon.sweep.storage import open_storage
from binrecon.sweep.study import SweepStudy
from binrecon.sweep.workers import Worker

SPACE = build_space({"optimizer.lr": "interval(0.1, 1)", "head.dropout": "interval(0.0, 1.0)"})
KEYS = tuple(SPACE)
Open = Callable[[], SweepStudy]


@pytest.fixture(params=["tpe", "random", "grid"])
def open_study(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], SweepStudy]:
    quieten_optuna()
    space = {"optimizer.lr": "choice(0.1,0.2,0.3,0.4,0.5)", "head.dropout": "choice(0.0,0.1,0.2,0.3,0.4)"}
    searched = build_space(space) if request.param == "grid" else SPACE
    settings = to_typed(compose_config("sweep", [f"sweep.sampler={request.param}", "sweep.trials=24"])).sweep

    def open_it(name: str) -> SweepStudy:
        return SweepStudy(
            name, open_storage(None, tmp_path / f"{name}.journal"), settings, searched, 4, {"m": "m"}
        )

    return open_it


class KilledError(Exception):
    """Stands for `kill -9`: nothing of the worker runs after it."""


def work(study: SweepStudy, deaths: dict[int, str]) -> None:
    """Run a study in batches of six; die at a step of a batch as `deaths` says, and then work on as another."""
    worker = Worker(study.optuna, study.keys)
    while True:
        worker = die_or_go_on(study, worker)
        trials = study.ask(worker, 6)
        if not trials:
            return
        batch = len(list_firsts(study.optuna.get_trials(deepcopy=False), study.keys)) // 6
        when = deaths.pop(batch, None)
        if when == "training":
            continue
        for number, trial in enumerate(trials):
            if when == "telling" and number == 2:
                break
            value = trial.params["optimizer.lr"] - trial.params["head.dropout"]
            study.tell(trial, Outcome("complete", (value,), notes={"seconds": 1}))


def die_or_go_on(study: SweepStudy, worker: Worker) -> Worker:
    """Take over what a worker that died has left: here all that runs, since the batches come one by one."""
    running = [
        trial for trial in study.optuna.get_trials(deepcopy=False) if trial.state == TrialState.RUNNING
    ]
    for trial in running:
        worker.give_back(trial)
    return worker


def results(study: SweepStudy) -> list[tuple[int, Any, Any]]:
    return [(trial.number, trial.params, trial.values) for trial in study.list_results()]


def test_results__however_often_a_worker_died(open_study: Callable[[str], SweepStudy]) -> None:
    whole, killed = open_study("whole"), open_study("killed")
    work(whole, {})
    work(killed, {1: "training", 2: "telling", 3: "training", 4: "telling"})
    assert len(killed.optuna.trials) > 24, "some were lost"
    assert len(results(whole)) == 24
    assert results(killed) == results(whole)


def test_results__died_while_it_drew(
    open_study: Callable[[str], SweepStudy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any of the steps of the draw of a batch: a trial without values, with some, with all."""
    whole, killed = open_study("whole"), open_study("killed")
    work(whole, {})
    original = Trial._suggest
    for steps in (3, 0, 8, 11):
        left = steps

        def die_later(self: Trial, name: str, distribution: object) -> Any:  # noqa: ANN401  # as Optuna's
            nonlocal left
            if left == 0:
                raise KilledError
            left -= 1
            return original(self, name, distribution)  # type: ignore[arg-type]  # as given

        worker = Worker(killed.optuna, killed.keys)
        die_or_go_on(killed, worker)
        monkeypatch.setattr(Trial, "_suggest", die_later)
        with pytest.raises(KilledError):
            killed.ask(worker, 6)
        monkeypatch.setattr(Trial, "_suggest", original)
    work(killed, {})
    assert results(killed) == results(whole)


def open_plain(tmp_path: Path) -> Study:
    return optuna.create_study(storage=open_storage(None, tmp_path / "j"))


def test_list_orphans(tmp_path: Path) -> None:
    """Their worker died, and then the one that noticed, before it had queued another."""
    study = open_plain(tmp_path)
    space = {key: optuna.distributions.FloatDistribution(0, 1) for key in KEYS}
    for _ in range(3):
        trial = study.ask(space)
        trial.set_user_attr(LOST, "host/1/1")
        study.tell(trial, state=TrialState.FAIL)
    study.enqueue_trial(study.trials[1].params, user_attrs={RETRY_OF: 1})
    study.add_trial(optuna.create_trial(state=TrialState.FAIL, user_attrs={SURPLUS: True}))
    assert [trial.number for trial in list_orphans(study.trials, KEYS)] == [0, 2]
    assert list_firsts(study.trials, KEYS) == [0, 1, 2]
    (again,) = renumber(study.trials, [study.trials[3]], KEYS)
    assert (again.number, study.trials[3].number) == (1, 3)


def test_take_over__orphans_in_order(tmp_path: Path) -> None:
    study = open_plain(tmp_path)
    space = {key: optuna.distributions.FloatDistribution(0, 1) for key in KEYS}
    trials = [study.ask(space) for _ in range(3)]
    worker = Worker(study, KEYS)
    gone = worker.name.rpartition("/")[0] + "/1"
    for trial in trials:
        trial.set_user_attr("worker", gone)
    trials[1].set_user_attr(LOST, gone)
    study.tell(trials[1], state=TrialState.FAIL)
    assert worker.take_over() == [0, 1, 2]
    assert worker.take_over() == []
    assert [t.user_attrs[RETRY_OF] for t in study.trials if t.state == TrialState.WAITING] == [0, 1, 2]
