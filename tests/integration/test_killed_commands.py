"""A sweep and a reconciliation that are killed at any moment end, by the same command, as undisturbed ones do."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from tests.same_run import assert_same_run

from binrecon.cli import main

KILLS = 10

MAY_DIFFER = {
    "study.journal": "who worked when, and the trials that were lost with a worker",
    "run.json": "when the run was started, and how long it took",
    "config.yaml": "resume= of a final run that was gone on with",
    "last.ckpt": "compared by its tensors, with best.ckpt",
    "best.ckpt": "as above",
    "checksums.json": "of these files",
}
"""Files that may differ, and for what reason; all others are the same byte for byte, but for the below."""

COLUMNS_THAT_MAY_DIFFER = {
    "seconds": "how long a trial took",
    "retry_of": "which trial of the study was lost",
}
"""Of `trials.csv`."""

DATE_OF_THE_PAGE = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d[+-]\d\d:\d\d")


MADE_AGAIN = "cache"
"""Folder for what can be made again: names of its files hold times, and it may hold things twice."""


def list_files(folder: Path) -> Iterator[Path]:
    """List the results in a folder; a draft, which begins with a dot, is none."""
    paths = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return (path for path in paths if path.parts[0] != MADE_AGAIN and not path.name.startswith("."))


def assert_same_files(whole: Path, killed: Path) -> None:
    """Compare two folders file by file."""
    assert list(list_files(whole)) == list(list_files(killed))
    for path in list_files(whole):
        one, other = whole / path, killed / path
        if path.name == "trials.csv":
            tables = [pd.read_csv(file).drop(columns=list(COLUMNS_THAT_MAY_DIFFER)) for file in (one, other)]
            pd.testing.assert_frame_equal(*tables, check_exact=True)
        elif path.name == "page.html":
            assert DATE_OF_THE_PAGE.sub(b"", one.read_bytes()) == DATE_OF_THE_PAGE.sub(
                b"", other.read_bytes()
            )
        elif path.name not in MAY_DIFFER:
            assert one.read_bytes() == other.read_bytes(), path
        elif path.name == "best.ckpt" and (one.parents[1] / "predictions.parquet").exists():
            assert_same_run(one.parents[1], other.parents[1])


@pytest.fixture
def heads(tiny_run: list[str]) -> list[str]:
    return [word for word in tiny_run if not word.startswith(("trainer.max_epochs=", "output_root="))]


def kill(name: str, words: list[str], folder: Path) -> list[Path]:
    """Run a command undisturbed, and killed ten times; return its folders, that of the undisturbed one first."""
    plan = folder / "cases.json"
    plan.write_text(json.dumps({name: words}))
    command = [sys.executable, "-m", "tests.killed_commands", str(plan), str(folder), str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)[name] >= KILLS // 2, "most kills find a command at work"
    return [folder / f"{name}.whole", *sorted(folder.glob(f"{name}.[0-9]*"))]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_sweep__killed_at_random_moments(heads: list[str], tmp_path: Path) -> None:
    """While it computes features, draws, trains, tells the study, tests the winner, writes the report."""
    place = tmp_path / "study"
    places = [f"output_root={place}", f"cache_dir={place / 'cache'}"]
    budget = ["trainer.max_epochs=3", "sweep.trials=25", "sweep.at_once=5", "sweep.final_seeds=1"]
    whole, *others = kill("study", ["sweep", *heads, *budget, *places], tmp_path)
    assert others
    for killed in others:
        assert_same_files(whole, killed)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_reconcile__killed_at_random_moments(heads: list[str], tiny_bins: Path, tmp_path: Path) -> None:
    """While it reads, computes features, counts, writes the table, the report, the page."""
    run, place = tmp_path / "run", tmp_path / "out"
    words = ["trainer.max_epochs=4", f"cache_dir={tmp_path / 'cache'}", f"hydra.run.dir={run}"]
    assert main(["train", *heads, *words]) == 0
    places = [f"output_dir={place / 'results'}", f"cache_dir={place / 'cache'}", "workers=0"]
    whole, *others = kill(
        "out", ["reconcile", f"checkpoint={run}", f"source.root={tiny_bins}", *places], tmp_path
    )
    assert others
    for killed in others:
        assert_same_files(whole, killed)
