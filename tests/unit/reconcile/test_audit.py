import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.reconciliation import build_reconciliation

from binrecon.errors import AuditError, OutputError
from binrecon.manifest.labels import read_labels
from binrecon.reconcile.audit import Tally, apply_audit, wilson_interval, write_labels
from binrecon.reconcile.audit_words import AUDIT_COLUMNS
from binrecon.reconcile.identity import name_reconciliation


@pytest.fixture
def table() -> pd.DataFrame:
    """Ranks 1 to 4 are to be recounted, 5 to 7 are confirmed, the last is recorded as 9 and not judged."""
    table = build_reconciliation()
    table["bin_id"] = [f"{number:05d}" for number in range(1, 9)]
    table["recorded_count"] = pd.array([1, 2, 3, 0, 5, 4, 2, 9], dtype="Int32")
    table["variance_probability"] = [0.5, 0.4, 0.25, 0.2, 0.1, 0.05, 0.01, np.nan]
    return table


def write(tmp_path: Path, table: pd.DataFrame, *lines: str) -> Path:
    path = tmp_path / "audit.csv"
    name = name_reconciliation(table)
    path.write_text("\n".join([",".join(AUDIT_COLUMNS), *(f"{line},{name}" for line in lines)]))
    return path


def message(path: Path, table: pd.DataFrame) -> str:
    with pytest.raises(AuditError) as caught:
        apply_audit(path, table)
    return str(caught.value).replace(str(path), "audit.csv")


def test_apply_audit(tmp_path: Path, table: pd.DataFrame) -> None:
    lines = [
        "00007,2,4,correct,,",
        "00003,3,3,confirm,,",
        "00001,1,0,correct,2026-11-26T10:00:00Z,gone",
        "00002,2,,recount,,",
        "00008,9,8,correct,,",
        "00005,5,,note,,dark",
    ]
    result = apply_audit(write(tmp_path, table, *lines), table)
    assert result.recounted == Tally(counted=2, finds=1, expected_finds=0.75)
    assert result.others == Tally(counted=2, finds=2, expected_finds=0.01)
    assert (result.workload, result.open_bins) == (4, 1)
    assert result.bins["bin_id"].tolist() == ["00001", "00002", "00003", "00005", "00007", "00008"]
    assert result.finds["bin_id"].tolist() == ["00001", "00007", "00008"]
    assert result.finds["variance"].tolist() == [-1, 2, -1]
    first = result.bins.iloc[0]
    assert (first["audited_count"], first["decision"], first["verdict"]) == (0, "recount", "correct")
    assert (first["time"], first["note"]) == ("2026-11-26T10:00:00Z", "gone")


def test_apply_audit__labels_are_what_was_counted(tmp_path: Path, table: pd.DataFrame) -> None:
    lines = ["00003,3,3,confirm,,", "00001,1,0,correct,,", "00002,2,,recount,,"]
    result = apply_audit(write(tmp_path, table, *lines), table)
    write_labels(result, tmp_path / "labels.csv")
    assert (tmp_path / "labels.csv").read_text() == "bin_id,recorded_count\n00001,0\n00003,3\n"


def test_write_labels__is_what_training_reads(tmp_path: Path, table: pd.DataFrame) -> None:
    table.loc[1, "bin_id"] = "=cmd"
    lines = ["'=cmd,2,4,correct,,", "00003,3,3,confirm,,"]
    write_labels(apply_audit(write(tmp_path, table, *lines), table), tmp_path / "labels.csv")
    assert "\n=" not in (tmp_path / "labels.csv").read_text()
    assert read_labels(tmp_path / "labels.csv") == {"=cmd": 4, "00003": 3}


def test_write_labels__says_what_to_do(tmp_path: Path, table: pd.DataFrame) -> None:
    result = apply_audit(write(tmp_path, table, "00003,3,3,confirm,,"), table)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"labels\.csv' cannot be written .*; choose another output_dir"):
        write_labels(result, tmp_path / "file" / "labels.csv")


def test_apply_audit__of_a_bin_without_a_record_is_a_label_and_no_find(
    tmp_path: Path, table: pd.DataFrame
) -> None:
    table["recorded_count"] = table["recorded_count"].where(table["bin_id"] != "00008")
    result = apply_audit(write(tmp_path, table, "00008,,8,correct,,"), table)
    assert len(result.finds) == 0
    assert (result.others.counted, math.isnan(result.others.precision)) == (0, True)
    assert result.labels["recorded_count"].tolist() == [8]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "1,1,1,confirm,,",
            "line 3: bin '1' is not in the reconciliation, but '00001' is: a spreadsheet drops leading zeros unless "
            "it imports the column as text; export the file anew from the page",
        ),
        (
            "x,1,1,confirm,,",
            "line 3: bin 'x' is not in the reconciliation; export the file anew from the page",
        ),
        ("00003,3,3,confirm,,", "line 3: bin '00003' stands in line 2 already; keep one of them"),
        (
            "00001,2,2,confirm,,",
            "line 3: bin '00001': recorded_count is 2, in the reconciliation 1; export the file anew from the page",
        ),
    ],
)
def test_apply_audit__refuses_a_row(tmp_path: Path, table: pd.DataFrame, line: str, problem: str) -> None:
    said = message(write(tmp_path, table, "00003,3,3,confirm,,", line), table)
    assert said == f"audit 'audit.csv': 1 problem; nothing was applied\n  {problem}"


def test_apply_audit__refuses_the_audit_of_another_reconciliation(
    tmp_path: Path, table: pd.DataFrame
) -> None:
    path = write(tmp_path, table, "00003,3,3,confirm,,")
    theirs, other = name_reconciliation(table), table.assign(variance_probability=0.5)
    assert message(path, other) == (
        f"audit 'audit.csv' is of another reconciliation: it names '{theirs}', "
        f"this one is '{name_reconciliation(other)}'; give the folder whose page it was exported from"
    )


@pytest.mark.parametrize(("hits", "trials"), [(0, 1), (0, 10), (3, 10), (10, 10), (37, 1000)])
def test_wilson_interval__solves_its_equation(hits: int, trials: int) -> None:
    """The ends are the shares p for which (hits/trials - p)² = z² p (1 - p) / trials."""
    for end in wilson_interval(hits, trials):
        assert (hits / trials - end) ** 2 == pytest.approx(1.959964**2 * end * (1 - end) / trials, abs=1e-12)


def test_wilson_interval__of_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)
