import numpy as np
import pandas as pd
import pytest

from binrecon.reconcile.audit import AuditResult, Tally
from binrecon.reconcile.audit_report import describe_audit, show_audit


def build_result(recounted: Tally, finds: int = 1, open_bins: int = 0) -> AuditResult:
    bins = pd.DataFrame(
        {
            "bin_id": [f"{number:05d}" for number in range(finds)],
            "recorded_count": pd.array([3] * finds, dtype="Int32"),
            "audited_count": pd.array([1] * finds, dtype="Int32"),
            "variance": pd.array([-2] * finds, dtype="Int32"),
            "likely_count": pd.array([2] * finds, dtype="Int32"),
            "variance_probability": [0.5] * finds,
            "note": ["[b]gone[/b]"] * finds,
        }
    )
    return AuditResult(bins, recounted, Tally(0, 0, 0.0), workload=40, open_bins=open_bins)


def test_show_audit(capsys: pytest.CaptureFixture[str]) -> None:
    show_audit(build_result(Tally(20, 1, 8.0), open_bins=3))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "to be recounted 20 1 8.0 5.0 % 1 to 24 %" in lines
    assert "others 0 0 0.0 – –" in lines
    assert "00000 3 1 -2 2 50.0 % [b]gone[/b]" in lines, "a note is text, not markup"
    assert "precision so far 5.0 %, expected 40.0 %" in lines
    assert "20 of 40 bins to be recounted are counted; 3 more were left for later" in lines


def test_show_audit__of_finds_that_were_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    result = build_result(Tally(0, 0, 0.0))
    result.bins["likely_count"] = pd.array([None], dtype="Int32")
    result.bins["variance_probability"] = np.nan
    show_audit(result)
    assert "00000 3 1 -2 – – [b]gone[/b]" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("tally", "said"),
    [
        (Tally(20, 1, 8.0), "fewer finds than expected"),
        (Tally(20, 19, 8.0), "more finds than expected"),
    ],
)
def test_describe_audit__where_it_is_not_as_expected(tally: Tally, said: str) -> None:
    assert describe_audit(build_result(tally))[-1].startswith(said)


def test_describe_audit__has_no_more_to_say() -> None:
    assert describe_audit(build_result(Tally(20, 8, 8.0)))[1:] == ["precision so far 40.0 %, expected 40.0 %"]
    assert describe_audit(build_result(Tally(0, 0, 0.0))) == ["0 of 40 bins to be recounted are counted"]


def test_describe_audit__counts_finds_that_are_not_listed() -> None:
    assert "10 more finds are not listed" in describe_audit(build_result(Tally(0, 0, 0.0), finds=30))
