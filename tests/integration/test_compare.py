"""Runs that were trained, compared from the command line."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from binrecon.checksums import accept
from binrecon.cli import main

RESULTS = {"leaderboard.md", "leaderboard.csv", "pairs.csv", "leaderboard.png", "curves.png"}


@pytest.fixture
def trained(tiny_run: list[str], tmp_path: Path) -> Callable[..., Path]:
    """Train on the tiny bins into a folder below `tmp_path / "outputs"`."""

    def train(name: str, *words: str) -> Path:
        folder = tmp_path / "outputs" / name
        assert main(["train", *tiny_run, *words, f"hydra.run.dir={folder}"]) == 0
        return folder

    return train


def test_compare__trained_runs(
    trained: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [trained("a/0"), trained("a/1", "seed=1"), trained("b", "optimizer=sgd", "logger=none")]
    capsys.readouterr()
    out = tmp_path / "results"
    assert main(["compare", str(tmp_path / "outputs"), "resamples=200", f"output_dir={out}"]) == 0
    shown = capsys.readouterr().out
    assert "ranked by accuracy: " in shown
    assert "majority (" in shown
    assert f"results: {out} (leaderboard.md, " in shown
    assert "one seed only: sgd; " in shown
    assert {path.name for path in out.iterdir()} == RESULTS
    for picture in ("leaderboard.png", "curves.png"):
        with Image.open(out / picture) as opened:
            assert opened.width > 600
    board = pd.read_csv(out / "leaderboard.csv")
    assert sorted(board["optimizer.name"].dropna()) == ["adam", "sgd"]
    means = board.set_index("optimizer.name")["accuracy_mean"]
    accuracies = [json.loads((run / "metrics.json").read_text())["test"]["accuracy"] for run in runs]
    assert means["adam"] == pytest.approx((accuracies[0] + accuracies[1]) / 2)
    assert means["sgd"] == pytest.approx(accuracies[2])
    (pair,) = pd.read_csv(out / "pairs.csv").query("metric == 'accuracy'").to_dict("records")
    assert pair["lower"] <= pair["difference"] <= pair["upper"]
    text = (out / "leaderboard.md").read_text()
    assert f"`{runs[0].parent}`: `0` (seed 0), `1` (seed 1)\n" in text
    assert f": `{runs[2]}` (seed 0)\n" in text

    again = tmp_path / "again"
    assert main(["compare", *map(str, runs), "resamples=200", f"output_dir={again}"]) == 0
    for name in ("leaderboard.csv", "pairs.csv", "leaderboard.md"):
        assert (again / name).read_bytes() == (out / name).read_bytes()


def test_compare__names_what_it_leaves_out(
    trained: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, cut = trained("whole"), trained("cut", "seed=1")
    (cut / "metrics.json").unlink()
    accept(cut)
    out = f"output_dir={tmp_path / 'results'}"
    assert main(["compare", str(tmp_path / "outputs"), "resamples=100", out]) == 0
    reason = f"{cut}: unfinished, it has no metrics.json; go on with binrecon train resume={cut}"
    assert f"1 left out:\n  {reason}\n" in capsys.readouterr().out
    assert f"- `{cut}`: unfinished, it has no metrics.json" in (
        tmp_path / "results" / "leaderboard.md"
    ).read_text().replace("\\", "")

    (whole / "metrics.json").unlink()
    accept(whole)
    assert main(["compare", str(tmp_path / "outputs"), out]) == 2
    assert capsys.readouterr().err.startswith("ComparisonError: none of 2 runs can be compared\n  ")


def test_compare__refuses_to_mix_and_mixes_on_request(
    trained: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = trained("one"), trained("other", "data.split_seed=1")
    capsys.readouterr()
    words = ["compare", str(one), str(other), "resamples=100", f"output_dir={tmp_path / 'results'}"]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("ComparisonError: the runs were not judged on the same bins")
    assert str(one) in error
    assert str(other) in error
    assert not (tmp_path / "results").exists()
    assert main([*words, "allow_mixed=true"]) == 0
    assert "judged on" in capsys.readouterr().out
    board = pd.read_csv(tmp_path / "results" / "leaderboard.csv")
    assert board["judged_on"].nunique() == 2
    assert len(pd.read_csv(tmp_path / "results" / "pairs.csv")) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            [],
            "ConfigError: 1 problem in the config\n  runs: must name run folders, or folders that hold some",
        ),
        (["nowhere"], "ConfigError: 1 problem in the config\n  runs: 'nowhere' is not a folder"),
        (["."], "ComparisonError: no run in '.': no folder there holds a run.json; give the path"),
        (
            [".", "metrc=rmse"],
            "ConfigError: 1 problem in the config\n  metrc: unknown key; allowed are runs, ",
        ),
        (
            [".", "metric=rsme"],
            "ConfigError: 1 problem in the config\n  metric: 'rsme' is none of accuracy, ",
        ),
    ],
)
def test_compare__errors(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["compare", *words]) == 2
    assert capsys.readouterr().err.startswith(message)


def test_compare__loads_neither_lightning_nor_torch(trained: Callable[..., Path], tmp_path: Path) -> None:
    run = trained("run")
    code = (
        "import sys; from binrecon.cli import main; main(['compare', *sys.argv[1:]]); "
        "print({'torch', 'pytorch_lightning'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(run), "resamples=100", f"output_dir={tmp_path / 'results'}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stderr.splitlines()[-1] == "set()"
