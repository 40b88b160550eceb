import math
from collections.abc import Callable
from statistics import stdev

import numpy as np
import pytest

from binrecon.compare.scores import score
from binrecon.errors import ComparisonError
from binrecon.published.rows import PublishedRow
from binrecon.reproduce.comparability import Comparable
from binrecon.reproduce.finished import FinishedRun
from binrecon.reproduce.results import compute_row

Finish = Callable[..., FinishedRun]
Find = Callable[[str, str], PublishedRow]


def test_compute_row__numbers(row: Find, finish: Finish) -> None:
    published = row("stanford", "resnet34_adam_all")
    runs = [finish(published, seed=seed, wrong=20 + 5 * seed) for seed in range(3)]
    result = compute_row(published, runs)
    numbers = {(number.split, number.metric): number for number in result.numbers}
    assert list(numbers) == [
        ("train", "accuracy"),
        ("val", "accuracy"),
        ("val", "rmse"),
        ("test", "accuracy"),
        ("test", "rmse"),
    ]
    train, test = numbers["train", "accuracy"], numbers["test", "accuracy"]
    assert train.mean == pytest.approx(0.51)
    assert (train.published, train.interval) == (0.623, None)
    assert math.isnan(train.majority)
    values = [1 - wrong / 60 for wrong in (20, 25, 30)]
    assert test.mean == pytest.approx(np.mean(values))
    assert test.deviation == pytest.approx(stdev(values))
    assert test.published == 0.5593
    assert test.majority == pytest.approx(1 / 6)  # always 3
    assert numbers["test", "rmse"].majority == pytest.approx((19 / 6) ** 0.5)
    assert numbers["val", "rmse"].mean == pytest.approx(
        np.mean([score("rmse", run.predictions["val"]) for run in runs])
    )
    assert isinstance(result.assessment, Comparable)


def test_compute_row__the_interval_is_that_of_the_binomial(row: Find, finish: Finish) -> None:
    """One seed, 60 bins, half of them right: 95 % of resamples lie within about 1.96 standard errors."""
    published = row("stanford", "resnet18_sgd")
    (number,) = [
        number
        for number in compute_row(published, [finish(published, wrong=30)]).numbers
        if (number.split, number.metric) == ("test", "accuracy")
    ]
    assert math.isnan(number.deviation)
    assert number.published is None
    assert number.interval == pytest.approx(
        (0.5 - 1.96 * (0.25 / 60) ** 0.5, 0.5 + 1.96 * (0.25 / 60) ** 0.5), abs=0.02
    )


def test_compute_row__what_a_row_says_of_itself(row: Find, finish: Finish) -> None:
    published = row("unc", "resnet34_sgd")
    result = compute_row(published, [finish(published, seed=seed) for seed in (0, 1)])
    assert {number.split for number in result.numbers} == {"val"}
    assert (result.seconds, result.epochs, result.best_epochs) == (10.5, 40, [2, 3])
    assert (result.count_photos("train"), result.count_photos("val")) == (324_735, 36_032)
    assert result.remarks == published.caveats


def test_compute_row__val_was_not_predicted(row: Find, finish: Finish) -> None:
    published = row("proposal", "resnet50_sgd")
    run = finish(published)
    run.predictions.pop("val")  # type: ignore[attr-defined]  # a dict
    assert [(number.split, number.metric) for number in compute_row(published, [run]).numbers] == [
        ("test", "accuracy"),
        ("test", "rmse"),
    ]


def test_compute_row__seeds_that_saw_different_bins(row: Find, finish: Finish) -> None:
    published = row("stanford", "resnet18_sgd")
    runs = [finish(published, seed=0), finish(published, seed=1, manifest="b" * 64)]
    with pytest.raises(ComparisonError) as caught:
        compute_row(published, runs)
    assert str(caught.value) == (
        "the seeds of resnet18_sgd saw different bins (outputs/seed0, outputs/seed1): photos came or went "
        "between them; remove the older ones, or begin anew with another output_root=PATH"
    )
