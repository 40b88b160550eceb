"""A study has a budget, and is one and the same however often it is begun."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import Trial, TrialState

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.search_space import build_space
from binrecon.config.sweep import SweepSettings
from binrecon.errors import StudyError
from binrecon.sweep.outcome import Outcome, best_trials
from binrecon.sweep.sampling import quieten_optuna
from binrecon.sweep.storage import open_storage
from binrecon.sweep.study import SweepStudy
from binrecon.sweep.workers import LOST, Worker

SPACE = build_space({"optimizer.lr": "interval(0.1, 1)"})
Open = Callable[..., SweepStudy]


@pytest.fixture
def open_study(tmp_path: Path) -> Open:
    """Opens one study with some settings, as several processes would."""
    quieten_optuna()

    def open_it(*words: str, identity: dict[str, Any] | None = None, name: str = "s") -> SweepStudy:
        settings: SweepSettings = to_typed(compose_config("sweep", words)).sweep
        storage = open_storage(None, tmp_path / "study.journal")
        return SweepStudy(name, storage, settings, SPACE, 4, identity or {"model": "m"})

    return open_it


def test_ask__no_more_than_the_budget(open_study: Open) -> None:
    study = open_study("sweep.trials=5")
    worker = Worker(study.optuna)
    first = study.ask(worker, 3)
    assert len(first) == 3
    assert len(open_study("sweep.trials=5").ask(worker, 3)) == 2
    assert study.ask(worker, 3) == []
    for trial in first:
        study.tell(trial, Outcome("complete", (1.0,)))
    assert study.ask(worker, 3) == []
    assert len(open_study("sweep.trials=6").ask(worker, 3)) == 1  # a larger budget goes on


def test_ask__a_lost_trial_does_not_count(open_study: Open) -> None:
    study = open_study("sweep.trials=2")
    worker = Worker(study.optuna)
    lost, other = study.ask(worker, 5)
    worker.give_back(study.list_trials()[lost.number])
    (again,) = study.ask(worker, 5)
    assert again.params == lost.params
    assert {trial.number for trial in study.list_trials()} == {other.number, again.number}
    study.tell(lost, Outcome("complete", (1.0,)))  # not dead after all, and too late: the other one counts
    assert study.optuna.trials[lost.number].user_attrs[LOST]


def test_ask__a_place_is_kept_for_a_stand_in(open_study: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    study = open_study("sweep.trials=2")
    worker = Worker(study.optuna)
    lost, _ = study.ask(worker, 5)
    monkeypatch.setattr(worker, "_queue_again", lambda trial: asked.extend(study.ask(worker, 5)))
    asked: list[Trial] = []
    worker.give_back(study.list_trials()[lost.number])  # another one asks before the stand-in is queued
    assert asked == []
    assert study.count_unreplaced() == 1  # and so no worker takes the study for done
    monkeypatch.setattr("binrecon.sweep.study.STAND_IN_WITHIN", timedelta(0))
    assert len(study.ask(worker, 5)) == 1  # whoever was to queue it died as well


def test_ask__no_place_is_kept_for_a_trial_that_had_no_values_yet(open_study: Open) -> None:
    study = open_study("sweep.trials=2")
    worker = Worker(study.optuna)
    study.ask(worker, 1)
    unsigned = study.optuna.ask()  # a worker that dies before it has drawn values
    worker.give_back(study.list_trials()[unsigned.number])
    assert study.count_unreplaced() == 0
    assert len(study.ask(worker, 5)) == 1


def test_ask__two_workers_with_one_trial_left(open_study: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = open_study("sweep.trials=1"), open_study("sweep.trials=1")
    worker = Worker(first.optuna)
    monkeypatch.setattr(second, "_count_left", lambda worker: 1)  # as it looked before the first one asked
    assert len(first.ask(worker, 1)) == 1
    assert second.ask(worker, 1) == []
    assert len(first.list_trials()) == 1


def test_ask__minutes(open_study: Open) -> None:
    study = open_study("sweep.trials=null", "sweep.minutes=1")
    worker = Worker(study.optuna)
    assert len(study.ask(worker, 3)) == 3
    study.optuna.set_user_attr("worker:host/1/1", {"beats": 1, "seconds": 60.0})
    assert study.ask(worker, 3) == []


def test_ask__minutes_of_this_worker_count_at_once(open_study: Open) -> None:
    study, now = open_study("sweep.trials=null", "sweep.minutes=0.1"), 0.0
    worker = Worker(study.optuna, clock=lambda: now)
    assert len(study.ask(worker, 3)) == 3
    now = 6.0  # before its next sign of life
    assert study.ask(worker, 3) == []


def test_tell__keeps_errors_and_metrics(open_study: Open) -> None:
    study = open_study()
    complete, pruned, failed = study.ask(Worker(study.optuna), 3)
    study.tell(complete, Outcome("complete", (0.5,), notes={"best_epoch": 2}))
    study.tell(pruned, Outcome("pruned"))
    study.tell(failed, Outcome("failed", reason="it diverged"))
    trials = study.list_trials()
    assert [trial.state for trial in trials] == [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL]
    assert trials[0].value == 0.5
    assert trials[0].user_attrs["best_epoch"] == 2
    assert trials[2].user_attrs["error"] == "it diverged"


def test_check_failures(open_study: Open) -> None:
    study = open_study("sweep.max_failed_share=0.3")
    trials = study.ask(Worker(study.optuna), 10)
    for trial in trials[:9]:
        is_good = trial.number < 6
        study.tell(trial, Outcome("complete", (1.0,)) if is_good else Outcome("failed", reason="it diverged"))
    study.check_failures()  # too few have ended to say
    study.tell(trials[9], Outcome("failed", reason="disk"))
    with pytest.raises(StudyError, match=r"4 of 10 trials failed.*max_failed_share=0\.3.*it diverged"):
        study.check_failures()


def test_identity__of_something_else(open_study: Open) -> None:
    open_study(identity={"model": "m", "sweep.space.optimizer.lr": "a"})
    open_study(identity={"model": "m", "sweep.space.optimizer.lr": "a"})
    with pytest.raises(
        StudyError, match=r"(?s)another name with sweep\.study=NAME.*optimizer\.lr: was a, is b"
    ):
        open_study(identity={"model": "m", "sweep.space.optimizer.lr": "b"})


def test_check_manifest__other_bins(open_study: Open) -> None:
    study = open_study()
    study.check_manifest("a" * 64)
    study.check_manifest("a" * 64)
    with pytest.raises(StudyError, match="was begun on other bins"):
        open_study().check_manifest("b" * 64)


def test_best_trials__several_objectives(open_study: Open) -> None:
    study = open_study("sweep.objectives=[val/accuracy,val/rmse]")
    assert (study.pruner, study.pruned_by) == ("none", None)
    values = [(0.3, 1.0), (0.4, 1.2), (0.35, 1.3), (0.2, 0.9)]
    for trial, value in zip(study.ask(Worker(study.optuna), 4), values, strict=True):
        study.tell(trial, Outcome("complete", value))
    assert [trial.number for trial in best_trials(study.optuna)] == [1, 0, 3]


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_tell__no_number_is_a_failure(value: float | None, open_study: Open) -> None:
    study = open_study("sweep.objectives=[val/nll,val/rmse]")
    (trial,) = study.ask(Worker(study.optuna), 1)
    study.tell(trial, Outcome("complete", (1.0, value)))
    (kept,) = study.list_trials()
    assert kept.state == TrialState.FAIL
    assert kept.user_attrs["error"] == f"val/rmse is {value}: no number"
