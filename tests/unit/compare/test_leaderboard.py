import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from binrecon.compare.groups import group_runs
from binrecon.compare.leaderboard import Leaderboard, build_leaderboard
from binrecon.compare.read import Run, read_run

BASE = ("model.backbone", "optimizer.name")


@pytest.fixture
def runs(write_run: Callable[..., Path]) -> list[Run]:
    wrong = {"sgd": 30, "adam": 20, "sgdr": 40}
    return [
        read_run(write_run(f"{word}{seed}", f"optimizer={word}", seed=seed, wrong=number + seed))
        for word, number in wrong.items()
        for seed in range(3)
    ]


def rank(runs: list[Run], metric: str = "accuracy") -> Leaderboard:
    return build_leaderboard(group_runs(runs, BASE)[0], BASE, metric, resamples=200, seed=0)


def order(board: Leaderboard) -> list[str]:
    return [row.group.values["optimizer.name"] for row in board.rows]


def test_build_leaderboard__ranks_in_the_direction_of_the_metric(runs: list[Run]) -> None:
    assert order(rank(runs)) == ["adam", "sgd", "sgdr"]
    worst_first = [replace(run, scores={**run.scores, "rmse": run.scores["accuracy"]}) for run in runs]
    assert order(rank(worst_first, "rmse")) == ["sgdr", "sgd", "adam"]


@pytest.mark.parametrize("metric", ["mae_of_median", "rmse_of_rounded_mean", "accuracy_of_median"])
def test_build_leaderboard__ranks_by_another_count_than_the_predicted_one(
    metric: str, runs: list[Run]
) -> None:
    board = rank(runs, metric)
    assert order(board) == ["adam", "sgd", "sgdr"]
    assert board.shown_metrics[0] == metric
    for row in board.rows:
        lower, upper = row.intervals[metric]
        assert lower < row.means[metric] < upper


def test_build_leaderboard__without_a_value_comes_last(runs: list[Run]) -> None:
    runs[3] = replace(runs[3], scores={**runs[3].scores, "accuracy": math.nan})
    assert order(rank(runs)) == ["sgd", "sgdr", "adam"]


def test_build_leaderboard__means_and_sample_deviations(runs: list[Run]) -> None:
    row = rank(runs).rows[0]
    values = [(60 - wrong) / 60 for wrong in (20, 21, 22)]
    assert row.means["accuracy"] == pytest.approx(np.mean(values))
    assert row.deviations["accuracy"] == pytest.approx(np.std(values, ddof=1))
    assert (row.seconds, row.best_epochs) == (11.0, (2, 3, 4))
    low, high = row.intervals["accuracy"]
    assert low < row.means["accuracy"] < high


def test_build_leaderboard__one_seed_has_no_deviation(runs: list[Run]) -> None:
    assert math.isnan(rank(runs[:1]).rows[0].deviations["accuracy"])


def test_build_leaderboard__every_pair_and_metric(runs: list[Run]) -> None:
    board = rank(runs, "ece")
    assert len(board.pairs) == 3 * 5
    assert {pair.difference.metric for pair in board.pairs} == {"ece", "accuracy", "macro_f1", "rmse", "nll"}
    pairs = board.pairs_of_best()
    assert [pair.difference.metric for pair in pairs] == ["ece", "ece"]
    assert {id(pair.first) for pair in pairs} == {id(board.rows[0].group)}


def test_build_leaderboard__difference_is_that_of_the_means(runs: list[Run]) -> None:
    board = rank(runs)
    for pair in board.pairs:
        names = [group.values["optimizer.name"] for group in (pair.first, pair.second)]
        means = [board.rows[order(board).index(name)].means[pair.difference.metric] for name in names]
        assert pair.difference.value == pytest.approx(means[0] - means[1])


def test_build_leaderboard__compares_only_within_a_manifest(runs: list[Run]) -> None:
    runs[:3] = [replace(run, judged=run.judged._replace(manifest="b" * 64)) for run in runs[:3]]
    board = rank(runs)
    assert {frozenset((p.first.values[BASE[1]], p.second.values[BASE[1]])) for p in board.pairs} == {
        frozenset(("adam", "sgdr"))
    }
    assert len(board.judged) == 2


def test_leaderboard__a_baseline_for_each_commonest_count(runs: list[Run]) -> None:
    assert [run.majority_count for run in rank(runs).baselines()] == [3]
    runs[3:6] = [replace(run, majority_count=4) for run in runs[3:6]]
    assert [run.majority_count for run in rank(runs).baselines()] == [4, 3]
