"""Results of an audit: finds, precision of the ranking so far, and labels for the next training."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from binrecon.errors import AuditError, OutputError
from binrecon.formulas import guard_cell
from binrecon.reconcile.audit_file import AuditRow, read_audit, refuse_problems
from binrecon.reconcile.audit_words import Verdict
from binrecon.reconcile.identity import name_reconciliation
from binrecon.whole_file import write_text

_Z = 1.959964
"""Of a normal distribution, 95 % lie within so many standard deviations."""


@dataclass(frozen=True)
class Tally:
    """Bins that were counted and have a record.

    Args:
        counted: How many.
        finds: How many of them hold another count than recorded.
        expected_finds: How many of them were expected to, by their variance probability.
    """

    counted: int
    finds: int
    expected_finds: float

    @property
    def precision(self) -> float:
        """Share of finds; NaN if nothing was counted."""
        return self.finds / self.counted if self.counted else math.nan

    @property
    def expected_precision(self) -> float:
        """Share of finds that was expected; NaN if nothing was counted."""
        return self.expected_finds / self.counted if self.counted else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the precision; see `wilson_interval`."""
        return wilson_interval(self.finds, self.counted)


@dataclass(frozen=True)
class AuditResult:
    """An audit beside the reconciliation that it is of.

    Args:
        bins: A row for each bin in the audit, by rank: `bin_id`, `recorded_count`, `audited_count` (null if
            nothing was counted), `variance` (audited less recorded), `likely_count`, `variance_probability`,
            `decision` (ours), `verdict` (the auditor's), `time` and `note`.
        recounted: Of the bins that were to be recounted: how precise the ranking is.
        others: Of all other bins that were counted: what would have been missed.
        workload: How many bins were to be recounted.
        open_bins: How many bins the auditor left to be recounted.
    """

    bins: pd.DataFrame
    recounted: Tally
    others: Tally
    workload: int
    open_bins: int

    @property
    def finds(self) -> pd.DataFrame:
        """The bins that hold another count than recorded."""
        return self.bins[self.bins["variance"].fillna(0) != 0]

    @property
    def labels(self) -> pd.DataFrame:
        """Return the counted bins as `bin_id` and `recorded_count`: labels for training, and an inventory."""
        counted = self.bins.dropna(subset="audited_count")
        return pd.DataFrame(
            {"bin_id": counted["bin_id"], "recorded_count": counted["audited_count"].astype("int32")}
        ).reset_index(drop=True)


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, 0 to 1 if there were no trials: Wilson 1927, doi:10.2307/2276774.

    >>> [f"{end:.3f}" for end in wilson_interval(9, 37)]
    ['0.134', '0.401']
    """
    if trials == 0:
        return 0.0, 1.0
    share = hits / trials
    centre = share + _Z**2 / (2 * trials)
    spread = _Z * math.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    scale = 1 + _Z**2 / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def apply_audit(audit_csv: Path, reconciliation: pd.DataFrame) -> AuditResult:
    """Read an audit and set it against its reconciliation.

    Args:
        audit_csv: What the page exported.
        reconciliation: The table that the page was made from, whole.

    Raises:
        AuditError: If the file cannot be read, is of another reconciliation, or with every row that is wrong.
    """
    rows = read_audit(audit_csv)
    table = reconciliation.set_index("bin_id", drop=False)
    _check_reconciliation(audit_csv, rows, reconciliation)
    refuse_problems(audit_csv, _find_problems(rows, table))
    bins = _join(rows, table)
    is_ours = bins["decision"] == "recount"
    return AuditResult(
        bins=bins,
        recounted=_tally(bins[is_ours]),
        others=_tally(bins[~is_ours]),
        workload=int((reconciliation["decision"] == "recount").sum()),
        open_bins=int(((bins["verdict"] == Verdict.RECOUNT) & bins["audited_count"].isna()).sum()),
    )


def write_labels(result: AuditResult, path: Path) -> None:
    """Write what was counted as a CSV of `bin_id` and `recorded_count`.

    Raises:
        OutputError: If it cannot be written.
    """
    try:
        safe = result.labels.assign(bin_id=result.labels["bin_id"].map(guard_cell))
        write_text(path, safe.to_csv(index=False, lineterminator="\n"))
    except OSError as error:
        raise OutputError(
            f"the labels '{path}' cannot be written ({error.strerror}); "
            "choose another output_dir, or make room"
        ) from error


def _check_reconciliation(path: Path, rows: Sequence[AuditRow], reconciliation: pd.DataFrame) -> None:
    ours = name_reconciliation(reconciliation)
    others = sorted({row.reconciliation for row in rows} - {ours})
    if others:
        named = ", ".join(repr(other[:20]) for other in others[:3])
        raise AuditError(
            f"audit '{path}' is of another reconciliation: it names {named}, this one is '{ours}'; "
            "give the folder whose page it was exported from"
        )


def _find_problems(rows: Sequence[AuditRow], table: pd.DataFrame) -> list[str]:
    """List rows of unknown or repeated bins, and those that show another record than the table."""
    problems: list[str] = []
    first_lines: dict[str, int] = {}
    for row in rows:
        where = f"line {row.line}: bin {row.bin_id!r}"
        first = first_lines.setdefault(row.bin_id, row.line)
        if first != row.line:
            problems.append(f"{where} stands in line {first} already; keep one of them")
        elif row.bin_id not in table.index:
            problems.append(
                f"{where} is not in the reconciliation{_explain_unknown(row.bin_id, table.index)}"
            )
        elif row.recorded_count != (recorded := _read_count(table.at[row.bin_id, "recorded_count"])):
            problems.append(
                f"{where}: recorded_count is {row.recorded_count}, in the reconciliation {recorded}; "
                "export the file anew from the page"
            )
    return problems


def _explain_unknown(bin_id: str, known: pd.Index) -> str:
    """Say what was probably meant: a spreadsheet reads 00523 as a number and drops its zeros."""
    padded = bin_id.zfill(5)
    if padded != bin_id and padded in known:
        return (
            f", but '{padded}' is: a spreadsheet drops leading zeros unless it imports the column as text; "
            "export the file anew from the page"
        )
    return "; export the file anew from the page"


def _join(rows: Sequence[AuditRow], table: pd.DataFrame) -> pd.DataFrame:
    kept = table.loc[
        [row.bin_id for row in rows],
        ["bin_id", "recorded_count", "likely_count", "variance_probability", "decision", "rank"],
    ].reset_index(drop=True)
    kept["recorded_count"] = kept["recorded_count"].astype("Int32")
    kept["audited_count"] = pd.array([row.audited_count for row in rows], dtype="Int32")
    kept["variance"] = kept["audited_count"] - kept["recorded_count"]
    kept["verdict"] = [str(row.verdict) for row in rows]
    kept["time"] = [row.time for row in rows]
    kept["note"] = [row.note for row in rows]
    ranked = kept.sort_values("rank", na_position="last", kind="stable")
    return ranked.drop(columns="rank").reset_index(drop=True)


def _tally(bins: pd.DataFrame) -> Tally:
    judged = bins.dropna(subset="variance")
    return Tally(
        counted=len(judged),
        finds=int((judged["variance"] != 0).sum()),
        expected_finds=float(judged["variance_probability"].fillna(0).sum()),
    )


def _read_count(value: object) -> int | None:
    return None if pd.isna(value) else int(value)  # type: ignore[call-overload]  # a cell of any type
