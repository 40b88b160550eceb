from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from binrecon.compare.groups import check_same_bins, describe_commits, find_keys, group_runs, refuse_mixture
from binrecon.compare.read import Run, read_run
from binrecon.errors import ComparisonError

BASE = ("model.backbone", "optimizer.name")


@pytest.fixture
def build(write_run: Callable[..., Path]) -> Callable[..., Run]:
    return lambda *args, **kwargs: read_run(write_run(*args, **kwargs))


def test_find_keys__values_of_another_optimizer_follow_from_it(build: Callable[..., Run]) -> None:
    runs = [build(word, f"optimizer={word}") for word in ("sgd", "adam")]
    assert find_keys(runs) == BASE


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (["optimizer=adam", "optimizer.lr=0.1"], ("optimizer.lr",)),
        (["head=mlp"], ("head.name",)),
        (["trainer.max_epochs=5"], ("trainer.max_epochs",)),
        (["head=mlp", "data.image_size=96"], ("head.name", "data.image_size")),
        (["data.workers=0", "logger=none", "cache_dir=x", "source.seed=3", "seed=4"], ()),
        (["logger=wandb", "logger.group=study"], ()),
    ],
)
def test_find_keys(words: list[str], more: tuple[str, ...], build: Callable[..., Run]) -> None:
    assert find_keys([build("one"), build("other", *words)]) == (*BASE, *more)


def test_find_keys__what_differs_with_the_optimizer_is_not_hidden(build: Callable[..., Run]) -> None:
    """All sgd runs were longer: the table has to say so, though the optimizer alone would tell them apart."""
    runs = [build("adam", "optimizer=adam"), build("sgd", "optimizer=sgd", "trainer.max_epochs=30")]
    assert find_keys(runs) == (*BASE, "trainer.max_epochs")


def test_group_runs__seeds_of_a_group(build: Callable[..., Run]) -> None:
    runs = [
        build(f"{word}{seed}", f"optimizer={word}", seed=seed) for seed in (2, 0) for word in ("sgd", "adam")
    ]
    groups, repeated, notes = group_runs(runs, BASE)
    assert [(group.values["optimizer.name"], group.seeds) for group in groups] == [
        ("sgd", (0, 2)),
        ("adam", (0, 2)),
    ]
    assert (repeated, notes) == ([], [])


def test_group_runs__a_seed_run_twice_counts_once(build: Callable[..., Run]) -> None:
    old, new = (
        build("b", started="2026-11-01T00:00:00+00:00"),
        build("a", started="2026-11-02T00:00:00+00:00"),
    )
    (group,), (left,), _ = group_runs([new, old], BASE)
    assert group.runs == (new,)
    assert left.path == old.path
    assert left.reason == f"repeated: seed 0 once more, and only the newest counts, {new.path}"


def test_group_runs__refuses_one_seed_with_two_settings(build: Callable[..., Run]) -> None:
    runs = [build("sgd", "optimizer=sgd"), build("other", "optimizer=sgd", "optimizer.lr=0.1")]
    with pytest.raises(ComparisonError) as caught:
        group_runs(runs, BASE)
    assert str(caught.value) == (
        f"{runs[1].path} and {runs[0].path} would count as one group's seed 0 twice, but differ in "
        "optimizer.lr; add what matters of these to group_by, or leave group_by out"
    )


def test_group_runs__says_that_seeds_differ_in_more(build: Callable[..., Run]) -> None:
    runs = [build("one", seed=0), build("other", "head=mlp", seed=1)]
    _, _, notes = group_runs(runs, ["optimizer.name"])
    assert notes == ["adam: its runs differ in head.name too, not by their seed alone"]


def test_refuse_mixture__names_runs_and_what_differs(build: Callable[..., Run]) -> None:
    runs = [build("a"), build("b", manifest="b" * 64), build("c")]
    runs[2] = replace(runs[2], judged=runs[2].judged._replace(counts="0 to 4, drop"))
    with pytest.raises(ComparisonError) as caught:
        refuse_mixture(runs)
    a, b, c = (run.path for run in runs)
    assert str(caught.value) == (
        "the runs were not judged on the same bins, so their numbers do not compare\n"
        f"  manifest_hash: aaaaaaaa in {a}, {c}; bbbbbbbb in {b}\n"
        f"  counts: 0 to 5, drop in {a}, {b}; 0 to 4, drop in {c}\n"
        "Compare them apart; or with allow_mixed=true, which marks them and compares no two of different bins"
    )


def test_refuse_mixture__other_splits(build: Callable[..., Run]) -> None:
    run = build("a")
    other = replace(run, judged=run.judged._replace(split="unc", judged_split="val"))
    with pytest.raises(ComparisonError, match=r"data\.split: grouped in .*; unc in .*\n  judged on: test in"):
        refuse_mixture([run, other])


def test_check_same_bins(build: Callable[..., Run]) -> None:
    one, other = build("one"), build("other", "optimizer=sgd")
    moved = replace(other.predictions, recorded=np.roll(other.predictions.recorded, 1))
    groups, _, _ = group_runs([one, replace(other, predictions=moved)], BASE)
    with pytest.raises(ComparisonError, match="predicts other bins or recorded counts than"):
        check_same_bins(groups)


def test_describe_commits(build: Callable[..., Run]) -> None:
    one, other = build("one"), build("other", seed=1)
    assert describe_commits(group_runs([one, other], BASE)[0]) == []
    groups, _, _ = group_runs([one, replace(other, commit="d" * 40 + "+")], BASE)
    assert describe_commits(groups) == [
        "the code differs between runs: cccccccc (1), dddddddd with changes (1)"
    ]
