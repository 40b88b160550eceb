import math

import pytest
from rich.console import Console

from binrecon.report.text import build_table, write_score


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("accuracy", 1.0, "100.0 %"),
        ("macro_f1", 0.0663, "6.6 %"),
        ("within_one_accuracy", math.nan, "–"),
        ("mae", 1.09487, "1.095"),
        ("ece", math.nan, "–"),
        ("nll", math.inf, "inf"),
    ],
)
def test_write_score(name: str, value: float, text: str) -> None:
    assert write_score(name, value) == text


def test_build_table__a_title_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    table = build_table("runs of [bold]STUDY[/bold]")
    table.add_column("a column as wide as the title of this table")
    Console(width=80).print(table)
    assert "runs of [bold]STUDY[/bold]" in capsys.readouterr().out
