import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from binrecon.compare.groups import find_keys, group_runs
from binrecon.compare.leaderboard import Leaderboard, build_leaderboard
from binrecon.compare.read import LeftOut, Run, read_run
from binrecon.compare.tables import leaderboard_csv, list_cells, pairs_csv, write_markdown


def rank(runs: list[Run]) -> Leaderboard:
    keys = find_keys(runs)
    return build_leaderboard(group_runs(runs, keys)[0], keys, "accuracy", resamples=100, seed=0)


@pytest.fixture
def board(write_run: Callable[..., Path]) -> Leaderboard:
    wrong = {("adam", 0): 15, ("adam", 1): 18, ("sgd", 0): 30}
    return rank(
        [
            read_run(write_run(f"{word}{seed}", f"optimizer={word}", seed=seed, wrong=number))
            for (word, seed), number in wrong.items()
        ]
    )


def test_list_cells(board: Leaderboard) -> None:
    headings, rows = list_cells(board)
    assert headings == [
        "#", "model", "optimizer", "seeds", "accuracy ↑", "macro_f1 ↑", "rmse ↓", "nll ↓", "time", "best epoch",
    ]  # fmt: skip
    assert rows[0][:5] == ["1", "resnet50.tv_in1k", "adam", "2", "72.5 ± 3.5 %"]
    assert rows[0][-2:] == ["10 s", "2–3"]
    assert rows[1][2:5] == ["sgd", "1", "50.0 ± – %"]
    assert rows[2] == ["", "majority (3)", "–", "–", "20.0 %", "20.0 %", "0.200", "–", "–", "–"]


def test_list_cells__tells_manifests_apart(write_run: Callable[..., Path]) -> None:
    board = rank([read_run(write_run(letter, manifest=letter * 64)) for letter in "ab"])
    headings, rows = list_cells(board)
    assert headings[1] == "judged on"
    assert [row[1] for row in rows] == [
        f"grouped test, 0 to 5, drop, manifest {letter * 8}" for letter in "abab"
    ]
    assert [row[2] for row in rows[2:]] == ["majority (3)"] * 2


def test_write_markdown(board: Leaderboard) -> None:
    text = write_markdown(
        board, ["a beats b_c"], ["a note"], [LeftOut(Path("runs/x"), "unfinished | really")]
    )
    assert "| # | model | optimizer | seeds |" in text
    assert "| 1 | resnet50.tv\\_in1k | adam | 2 | 72.5 ± 3.5 % |" in text
    assert "60 test bins of split grouped, counts 0 to 5, drop." in text
    assert "- a beats b\\_c\n" in text
    assert "- `runs/x`: unfinished \\| really\n" in text
    assert "![Learning curves](curves.png)" in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table} == {11}


def test_leaderboard_csv(board: Leaderboard) -> None:
    table = pd.read_csv(io.StringIO(leaderboard_csv(board)))
    assert table["rank"].tolist()[:2] == [1, 2]
    assert table["model.backbone"].tolist()[-1] == "majority (3)"
    assert table["accuracy_mean"].tolist() == pytest.approx([0.725, 0.5, 0.2])
    assert table["seeds"].tolist()[0] == "0 1"
    assert table["accuracy_std"].isna().tolist() == [False, True, True]
    assert (table["accuracy_lower"] < table["accuracy_mean"])[0]


def test_pairs_csv(board: Leaderboard) -> None:
    table = pd.read_csv(io.StringIO(pairs_csv(board)))
    assert table["metric"].tolist() == ["accuracy", "macro_f1", "rmse", "nll"]
    first = table.iloc[0]
    assert (first["a optimizer.name"], first["b optimizer.name"]) == ("adam", "sgd")
    assert (first["runs_a"], first["runs_b"], first["same_seeds"], first["bins"]) == (2, 1, False, 60)
    assert first["difference"] == pytest.approx(0.225)
    assert first["lower"] < first["difference"] < first["upper"]


def test_pairs_csv__one_group_has_a_heading(write_run: Callable[..., Path]) -> None:
    text = pairs_csv(rank([read_run(write_run("one"))]))
    assert text.startswith("judged_on,")
    assert text.count("\n") == 1
