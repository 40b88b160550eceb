from pathlib import Path

import pandas as pd
import pytest
from tests.reconciliation import build_reconciliation

from binrecon.reconcile.identity import name_reconciliation


def test_name_reconciliation__does_not_depend_on_order_or_storage(tmp_path: Path) -> None:
    table = build_reconciliation()
    name = name_reconciliation(table)
    path = tmp_path / "table.parquet"
    table.to_parquet(path)
    assert name_reconciliation(pd.read_parquet(path)) == name
    assert name_reconciliation(table.sample(frac=1, random_state=0)) == name
    assert name_reconciliation(table.drop(columns=["items", "reason"])) == name
    csv = tmp_path / "table.csv"
    table.to_csv(csv, index=False)
    assert name_reconciliation(pd.read_csv(csv, dtype={"bin_id": str})) == name


def test_name_reconciliation__is_no_number_to_a_spreadsheet() -> None:
    assert name_reconciliation(build_reconciliation())[0] == "r"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("bin_id", "99999"),
        ("recorded_count", 5),
        ("decision", "confirm"),
        ("rank", 7),
        ("variance_probability", 0.9),
    ],
)
def test_name_reconciliation__depends_on(column: str, value: object) -> None:
    table = build_reconciliation()
    table.loc[0, "recorded_count"] = 0
    other = table.copy()
    other.loc[0, column] = value
    assert name_reconciliation(other) != name_reconciliation(table)
