import re
from pathlib import Path

import pytest
from tests.reconciliation import build_reconciliation

from binrecon.config.apply import ApplyConfig
from binrecon.errors import AuditError
from binrecon.reconcile.apply import apply
from binrecon.reconcile.audit_words import AUDIT_COLUMNS
from binrecon.reconcile.identity import name_reconciliation


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    """An audit of the reconciliation in the folder `good`."""
    table = build_reconciliation()
    (tmp_path / "good").mkdir()
    table.to_parquet(tmp_path / "good" / "reconciliation.parquet")
    cells = [
        table["bin_id"][0],
        table["recorded_count"][0],
        77,
        "correct",
        "",
        "",
        name_reconciliation(table),
    ]
    path = tmp_path / "audit.csv"
    path.write_text("\n".join([",".join(AUDIT_COLUMNS), ",".join(map(str, cells))]) + "\n")
    return path


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "damaged" / "reconciliation.parquet"
    path.parent.mkdir()
    path.write_text("no table")
    return path


def test_apply__a_damaged_reconciliation_beside_the_right_one(
    audit: Path, damaged: Path, tmp_path: Path
) -> None:
    apply(ApplyConfig(str(audit), None, str(tmp_path)))
    assert (tmp_path / "good" / "labels.csv").read_text().endswith(",77\n")


def test_apply__names_what_cannot_be_read(audit: Path, damaged: Path, tmp_path: Path) -> None:
    reason = f"'{damaged}' cannot be read as a reconciliation; run `binrecon reconcile` again, elsewhere"
    with pytest.raises(AuditError, match=f"^{re.escape(reason)}$"):
        apply(ApplyConfig(str(audit), str(damaged.parent), str(tmp_path)))
    with pytest.raises(AuditError, match=rf"results=FOLDER\n  {re.escape(reason)}$"):
        apply(ApplyConfig(str(audit), None, str(damaged.parent)))
