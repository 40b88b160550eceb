from collections.abc import Callable

import pytest

from binrecon.published.class_counts import count_published
from binrecon.published.rows import TABLES, PublishedRow
from binrecon.reproduce.comparability import Comparable, NotComparable, assess, find_mark, list_remarks
from binrecon.reproduce.finished import FinishedRun

Finish = Callable[..., FinishedRun]
Find = Callable[[str, str], PublishedRow]


def refuse(row: PublishedRow, *runs: FinishedRun) -> str:
    """Make sure that nobody can compare these runs, and return their mark."""
    assessment = assess(row, runs)
    assert isinstance(assessment, NotComparable)
    assert not hasattr(assessment, "subtract")
    with pytest.raises(ValueError, match="cannot be compared with what was published: on "):
        Comparable(row, runs)
    return assessment.mark


@pytest.mark.parametrize("row", [row for rows in TABLES.values() for row in rows], ids=lambda row: row.recipe)
def test_assess__every_published_photo_as_the_recipe_says(row: PublishedRow, finish: Finish) -> None:
    assessment = assess(row, [finish(row, seed=0), finish(row, seed=1)])
    assert isinstance(assessment, Comparable)
    assert assessment.subtract(0.5, 0.75) == -0.25


@pytest.mark.parametrize("row", [row for rows in TABLES.values() for row in rows], ids=lambda row: row.recipe)
def test_assess__one_photo_less_is_not_the_published_split(row: PublishedRow, finish: Finish) -> None:
    for part, bins in count_published(row.split).items():
        short = {"train": bins - 1} if part == "all" else {part: bins - 1}
        mark = refuse(row, finish(row, usable=short))
        assert f"{bins - 1:,} of {bins:,}" in mark
        assert mark.endswith(": not comparable")


@pytest.mark.parametrize("train", [0, 1, 2_109, 54_653, 109_305])
def test_assess__no_smaller_number_of_photos_compares(train: int, row: Find, finish: Finish) -> None:
    published = row("stanford", "resnet18_sgd")
    mark = refuse(published, finish(published, usable={"train": train}))
    assert mark == f"on {train:,} of 109,306 photos: not comparable"


@pytest.mark.parametrize(
    ("wrong", "mark"),
    [
        ({"usable": {"train": 2_109, "val": 596}}, "on 2,109 of 109,306 photos"),
        (
            {"usable": {"val": 31_229, "test": 0}},
            "on 109,306 of 109,306 photos and 31,229 of 31,230 of val and 0 of 15,616 of test",
        ),
        ({"split": "grouped", "listed": {}}, "on 0 of 109,306 photos"),
        ({"split": "stanford_all"}, "on 0 of 109,306 photos"),
        ({"listed": {"train": 109_306}}, "on 109,306 of 109,306 photos"),
        ({"listed": {}}, "on 109,306 of 109,306 photos"),
        ({"epochs": 1}, "on 109,306 of 109,306 photos, in 1 of 20 epochs"),
        ({"epochs": 40}, "on 109,306 of 109,306 photos, in 40 of 20 epochs"),
        ({"usable": {"train": 9}, "epochs": 1}, "on 9 of 109,306 photos, in 1 of 20 epochs"),
    ],
)
def test_assess__marks(wrong: dict[str, object], mark: str, row: Find, finish: Finish) -> None:
    published = row("stanford", "resnet18_sgd")
    assert refuse(published, finish(published, **wrong)) == f"{mark}: not comparable"


@pytest.mark.parametrize(
    "word",
    ["data.image_size=64", "model.weights=random", "optimizer.lr=0.2", "data.augment=side_on", "monitor=val/loss",
     "head=mlp", "loss=soft_labels", "data.max_count=4", "trainer.accumulate=2", "trainer.ema_decay=0.9",
     "callbacks=early_stopping", "data.batch_size=64", "regime.first_stage=stage4", "model=resnet34"],
)  # fmt: skip
def test_assess__another_word_that_may_change_a_number(word: str, row: Find, finish: Finish) -> None:
    published = row("stanford", "resnet18_sgd")
    run = finish(published, word)
    assert refuse(published, run) == "on 109,306 of 109,306 photos, with other settings: not comparable"
    assert any(f" {word.partition('=')[0]}" in remark for remark in list_remarks(published, [run]))


def test_assess__a_rehearsed_schedule(row: Find, finish: Finish) -> None:
    published = row("stanford", "resnet34_sgdr")
    run = finish(published, "regime.phases=[{epochs: 1}, {epochs: 1}]", "trainer.max_epochs=2")
    assert refuse(published, run) == (
        "on 109,306 of 109,306 photos, in 2 of 43 epochs, with other settings: not comparable"
    )
    assert list_remarks(published, [run]) == ["ran with other regime.phases"]


def test_assess__one_seed_that_lacks_photos_spoils_the_row(row: Find, finish: Finish) -> None:
    published = row("unc", "resnet34_sgd")
    whole, other = finish(published, seed=0), finish(published, seed=1, split="grouped", listed={})
    assert isinstance(assess(published, [whole]), Comparable)
    for runs in ([whole, other], [other, whole]):
        assert refuse(published, *runs) == "on 0 of 324,735 photos: not comparable"


def test_assess__where_and_with_what_luck_it_ran_does_not_matter(row: Find, finish: Finish) -> None:
    published = row("stanford", "resnet34_sgdr")
    words = [
        "trainer=ddp",
        "trainer.precision=bf16-mixed",
        "data.workers=9",
        "source=abid",
        "data.split_seed=3",
    ]
    run = finish(published, *words, "data.counts_from=records", "output_root=elsewhere", seed=7)
    assert isinstance(assess(published, [run]), Comparable)
    assert list_remarks(published, [run]) == [
        "ran with trainer.devices=2",
        "ran with trainer.precision=bf16-mixed",
    ]


def test_find_mark__nothing_has_run(row: Find) -> None:
    published = row("proposal", "resnet50_sgd")
    assert find_mark(published, []) == "not run: not comparable"
    with pytest.raises(ValueError, match="not run: not comparable"):
        Comparable(published, ())


def test_list_remarks__other_photos(row: Find, finish: Finish) -> None:
    published = row("stanford", "resnet18_sgd")
    run = finish(published, split="grouped", listed={}, usable={"train": 39, "val": 6, "test": 15})
    assert list_remarks(published, [run]) == ["ran on 60 photos of data.split=grouped"]
