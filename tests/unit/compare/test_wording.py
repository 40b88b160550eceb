from collections.abc import Callable
from pathlib import Path

import pytest

from binrecon.compare.bootstrap import Difference
from binrecon.compare.groups import Group, find_keys, group_runs
from binrecon.compare.leaderboard import Pair, build_leaderboard
from binrecon.compare.read import read_run
from binrecon.compare.wording import describe_best, describe_pair, name_groups

BASE = ("model.backbone", "optimizer.name")


@pytest.fixture
def groups(write_run: Callable[..., Path]) -> list[Group]:
    runs = [
        read_run(write_run(f"{word}{seed}", f"optimizer={word}", seed=seed))
        for word in ("adam", "sgd")
        for seed in range(3)
    ]
    return group_runs(runs, BASE)[0]


@pytest.mark.parametrize(
    ("difference", "sentence"),
    [
        (Difference("accuracy", 0.011, 0.002, 0.02, 0.99), "adam beats sgd by 1.1 ± 0.9 pp accuracy (95 % interval 0.2 to 2.0, 6 runs)"),
        (Difference("rmse", -0.05, -0.08, -0.02, 0.99), "adam beats sgd by 0.050 ± 0.030 items rmse (95 % interval 0.020 to 0.080, 6 runs)"),
        (Difference("nll", 0.05, 0.02, 0.08, 0.01), "sgd beats adam by 0.050 ± 0.030 nats nll (95 % interval 0.020 to 0.080, 6 runs)"),
        (Difference("mae_of_median", -0.05, -0.08, -0.02, 0.99), "adam beats sgd by 0.050 ± 0.030 items mae_of_median (95 % interval 0.020 to 0.080, 6 runs)"),
        (Difference("accuracy", 0.004, -0.01, 0.02, 0.7), "adam and sgd: no difference in accuracy that 60 bins can tell (0.4 pp, 95 % interval -1.0 to 2.0, 6 runs)"),
        (Difference("accuracy", 0.0, 0.0, 0.0, 0.5), "adam and sgd: no difference in accuracy that 60 bins can tell (0.0 pp, 95 % interval 0.0 to 0.0, 6 runs)"),
        (Difference("accuracy", float("nan"), 0.0, 0.0, 0.5), "adam and sgd: one of them has no accuracy"),
    ],
)  # fmt: skip
def test_describe_pair(difference: Difference, sentence: str, groups: list[Group]) -> None:
    names = {id(groups[0]): "adam", id(groups[1]): "sgd"}
    assert describe_pair(Pair(groups[0], groups[1], difference), names) == sentence


def test_name_groups__by_what_differs(groups: list[Group], write_run: Callable[..., Path]) -> None:
    assert name_groups(groups, BASE) == ["adam", "sgd"]
    assert name_groups(groups[:1], BASE) == ["resnet50.tv_in1k · adam"]
    runs = [read_run(write_run(f"lr{lr}", f"optimizer.lr={lr}")) for lr in (0.1, 0.2)]
    more, _, _ = group_runs(runs, (*BASE, "optimizer.lr"))
    assert name_groups(more, (*BASE, "optimizer.lr")) == ["optimizer.lr=0.1", "optimizer.lr=0.2"]


def test_name_groups__of_several_manifests(write_run: Callable[..., Path]) -> None:
    runs = [read_run(write_run(letter, manifest=letter * 64)) for letter in "ab"]
    assert name_groups(group_runs(runs, BASE)[0], BASE) == [
        "resnet50.tv_in1k · adam · manifest aaaaaaaa",
        "resnet50.tv_in1k · adam · manifest bbbbbbbb",
    ]


def test_describe_best__names_groups_within_their_manifest(write_run: Callable[..., Path]) -> None:
    words = {"a": ["adam", "sgd"], "b": ["adam", "sgdr"], "c": ["adam"]}
    runs = [
        read_run(write_run(f"{letter}-{word}", f"optimizer={word}", manifest=letter * 64))
        for letter, some in words.items()
        for word in some
    ]
    keys = find_keys(runs)
    board = build_leaderboard(group_runs(runs, keys)[0], keys, "accuracy", resamples=100, seed=0)
    assert [line.partition(" (")[0] for line in describe_best(board)] == [
        f"grouped test, 0 to 5, drop, manifest {letter * 8}: {text}"
        for letter, others in {"a": "adam and sgd", "b": "adam and sgdr"}.items()
        for text in (
            f"{others}: no difference in accuracy that 60 bins can tell",
            f"one seed only: {others.replace(' and ', ', ')}; what another seed would give is in no interval of theirs",
        )
    ]
