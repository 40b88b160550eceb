import io
from collections.abc import Callable

import pandas as pd
import pytest
from rich.console import Console

from binrecon.published.rows import TABLES, PublishedRow
from binrecon.reproduce.comparability import Comparable, assess
from binrecon.reproduce.finished import FinishedRun
from binrecon.reproduce.results import Number, compute_row
from binrecon.reproduce.tables import (
    Report,
    console_table,
    list_lines,
    write_csv,
    write_difference,
    write_markdown,
)

Finish = Callable[..., FinishedRun]
Find = Callable[[str, str], PublishedRow]


def build(rows: list[PublishedRow], *groups: list[FinishedRun], **failures: str) -> Report:
    results = {row.name: compute_row(row, runs) for row, runs in zip(rows, groups, strict=False)}
    return Report("stanford", "binrecon reproduce stanford", rows, results, failures)


def show(report: Report) -> str:
    console = Console(file=io.StringIO(), width=300)
    console.print(console_table(report))
    return console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO


def test_every_form__marks_every_line_that_is_not_comparable(row: Find, finish: Finish) -> None:
    rows = [row("stanford", "resnet18_sgd"), row("stanford", "resnet34_sgdr")]
    short = [finish(rows[0], usable={"train": 2_109}, seed=seed) for seed in (0, 1)]
    rehearsed = [finish(rows[1], "regime.phases=[{epochs: 1}]", "trainer.max_epochs=1")]
    report = build(rows, short, rehearsed)
    first = "on 2,109 of 109,306 photos: not comparable"
    second = "on 109,306 of 109,306 photos, in 1 of 43 epochs, with other settings: not comparable"
    assert [line[-1] for line in list_lines(report)] == [first] * 5 + [second] * 5
    markdown, csv = write_markdown(report), write_csv(report)
    for text in (show(report), markdown, csv):
        assert (text.count(first), text.count(second)) == (5, 5)
        assert " pp" not in text
    assert not pd.read_csv(io.StringIO(csv))["comparable"].any()
    assert markdown.startswith("# Stanford: published and ours, 0 of 2 rows comparable\n")
    assert "- resnet34_sgdr: " in markdown
    assert "ran with other regime.phases" in markdown


def test_every_form__a_difference_where_every_photo_was_there(row: Find, finish: Finish) -> None:
    rows = [row("stanford", "resnet18_sgd")]
    report = build(rows, [finish(rows[0], wrong=30, seed=seed) for seed in range(2)])
    lines = {(line[1], line[2]): line for line in list_lines(report)}
    accuracy = lines["val", "accuracy"]
    assert accuracy[3:5] == ["50.4 %", "0.0 ± 0.0 %"]  # 30 val bins, all wrong
    assert accuracy[-1] == "-50.4 pp (-50.4 to -50.4)"
    assert lines["train", "accuracy"][-1] == "-5.4 pp"
    assert lines["val", "rmse"][-1] == "+0.020 (+0.020 to +0.020)"
    assert lines["test", "accuracy"][-1] == "–", "nothing was published of the test"
    assert accuracy[7:11] == ["2", "2–3 of 20", "109,306 / 31,230", "10 s"]
    csv = pd.read_csv(io.StringIO(write_csv(report)))
    assert csv["comparable"].all()
    assert "not comparable" not in write_markdown(report) + show(report)
    assert "1 of 1 row comparable" in show(report)
    found = csv[csv["on"] == "val"].set_index("metric")["ours - published"]
    assert found["accuracy"] == "-50.4 pp (-50.4 to -50.4)"


def test_every_form__rows_without_a_run(row: Find) -> None:
    rows = list(TABLES["proposal"])
    report = build(rows, resnet50_adam="failed, WeightsError: no hub")
    assert [line[-1] for line in list_lines(report)] == [
        "not run: not comparable",
        "failed, WeightsError: no hub: not comparable",
    ]
    csv = pd.read_csv(io.StringIO(write_csv(report)))
    assert list(csv["ours - published"]) == [line[-1] for line in list_lines(report)]
    assert "0 of 2 rows comparable" in show(report)


@pytest.mark.parametrize(("published", "mean"), [(None, 0.5), (0.504, float("nan"))])
def test_write_difference__nothing_to_subtract(
    published: float | None, mean: float, row: Find, finish: Finish
) -> None:
    some = row("stanford", "resnet18_sgd")
    assessment = assess(some, [finish(some)])
    assert isinstance(assessment, Comparable)
    assert write_difference(assessment, Number("val", "accuracy", published, mean, 0.0, None, 0.2)) == "–"
