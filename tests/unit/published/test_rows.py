"""Every published number against a copy of the tables that it was taken from."""

import pytest

from binrecon.config.compose import list_options
from binrecon.config.metric_names import LOGGED_METRICS
from binrecon.config.split_words import PUBLISHED_SPLITS
from binrecon.published.rows import TABLES, PublishedRow

ROWS = {(table, row.name): row for table, rows in TABLES.items() for row in rows}

# Stanford CS229 2018, Table III of the report: epochs, train accuracy, "val" accuracy, RMSE
TABLE_III = {
    "resnet18_sgd": (20, 55.9, 50.4, 0.98),
    "resnet34_sgd": (22, 55.2, 51.2, 0.99),
    "resnet34_sgdr": (36, 57.8, 53.8, 0.94),
    "resnet34_adam": (None, 50.6, 51.8, 0.99),
    "resnet34_adam_all": (None, 62.3, 56.2, 0.90),
    "resnet50_adam_all": (None, 61.2, 55.2, 0.91),
}


def value(row: PublishedRow, split: str, metric: str) -> float:
    (found,) = [score.value for score in row.scores if (score.split, score.metric) == (split, metric)]
    return found


@pytest.mark.parametrize(("name", "published"), TABLE_III.items())
def test_stanford(name: str, published: tuple[int | None, float, float, float]) -> None:
    row = ROWS["stanford", name]
    found = (
        row.epochs,
        round(100 * value(row, "train", "accuracy"), 9),
        round(100 * value(row, "val", "accuracy"), 9),
        value(row, "val", "rmse"),
    )
    assert found == published
    assert row.split == ("stanford_all" if name.endswith("_all") else "stanford_150k")


def test_stanford__test_of_the_best_row() -> None:
    """EvaluateModel.ipynb: 20,133 of 36,000, RMSE 0.9013."""
    row = ROWS["stanford", "resnet34_adam_all"]
    assert value(row, "test", "accuracy") == 0.5593
    assert pytest.approx(0.5593, abs=5e-5) == 20_133 / 36_000
    assert value(row, "test", "rmse") == 0.9013


def test_stanford__both_variants_where_report_and_code_disagree() -> None:
    names = [row.name for row in TABLES["stanford"]]
    assert sorted(names) == sorted(
        [*TABLE_III, *(f"{name}_scratch" for name in TABLE_III if name != "resnet34_sgdr")]
    )
    for name in names:
        if name.endswith("_scratch"):
            assert ROWS["stanford", name].scores == ROWS["stanford", name.removesuffix("_scratch")].scores
            assert any("random weights" in caveat for caveat in ROWS["stanford", name].caveats)


def test_unc() -> None:
    row = ROWS["unc", "resnet34_sgd"]
    assert (row.epochs, value(row, "val", "accuracy"), value(row, "val", "rmse")) == (40, 0.5567, 0.930)
    assert row.split == "unc"


def test_proposal() -> None:
    sgd, adam = ROWS["proposal", "resnet50_sgd"], ROWS["proposal", "resnet50_adam"]
    assert (value(sgd, "test", "accuracy"), value(adam, "test", "accuracy")) == (0.32, 0.3241)
    assert {sgd.split, adam.split} == {"udacity"}


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.recipe)
def test_rows__are_sound(row: PublishedRow) -> None:
    assert row.recipe in list_options("experiment")
    assert row.split in PUBLISHED_SPLITS
    assert {score.metric for score in row.scores} <= set(LOGGED_METRICS)
    assert row.source


def test_rows__every_published_recipe_has_one() -> None:
    tables = {recipe for recipe in list_options("experiment") if recipe.partition("/")[0] in TABLES}
    assert tables == {row.recipe for row in ROWS.values()}
