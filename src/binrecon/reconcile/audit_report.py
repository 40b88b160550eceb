"""Report of an audit for a terminal or a pipe of 80 columns."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from binrecon.console import get_console
from binrecon.reconcile.audit import AuditResult, Tally

_MOST_FINDS = 20


def show_audit(result: AuditResult) -> None:
    """Print how far the audit is, how precise the ranking was, and the first finds."""
    console = get_console()
    console.print(audit_table(result))
    if len(result.finds):
        console.print(finds_table(result))
    for line in describe_audit(result):
        console.print(line, markup=False, highlight=False)


def audit_table(result: AuditResult) -> Table:
    """Lay what was found beside what was expected, for the bins to be recounted and for all others."""
    table = _build_table("audit")
    table.add_column("bins", no_wrap=True)
    for heading in ("counted", "finds", "expected", "precision", "95 %"):
        table.add_column(heading, justify="right")
    for name, tally in (("to be recounted", result.recounted), ("others", result.others)):
        table.add_row(name, *_list_numbers(tally))
    return table


def finds_table(result: AuditResult) -> Table:
    """List the first finds in the order of rank: what was recorded, counted, and held to be likeliest."""
    table = _build_table("finds")
    table.add_column("bin", no_wrap=True)
    for heading in ("recorded", "counted", "variance", "likeliest", "chance"):
        table.add_column(heading, justify="right")
    table.add_column("note", overflow="fold")
    shown = result.finds.head(_MOST_FINDS).astype(object)
    for find in shown.where(shown.notna(), None).to_dict("records"):
        table.add_row(*_list_find(find))
    return table


def describe_audit(result: AuditResult) -> list[str]:
    """Say in words how far the audit is, and whether it agrees with what was expected.

    Returns:
        Sentences, one or more.
    """
    tally = result.recounted
    lines = [f"{tally.counted:,} of {result.workload:,} bins to be recounted are counted"]
    if result.open_bins:
        lines[0] += f"; {result.open_bins:,} more were left for later"
    if len(result.finds) > _MOST_FINDS:
        lines.append(f"{len(result.finds) - _MOST_FINDS:,} more finds are not listed")
    if tally.counted:
        lower, upper = tally.interval
        shares = [_write_share(share) for share in (tally.precision, tally.expected_precision)]
        lines.append(f"precision so far {shares[0]}, expected {shares[1]}")
        if tally.expected_precision > upper:
            lines.append(
                "fewer finds than expected: records are better than assumed, or the counter is too sure of "
                "itself; lower the error rate, or calibrate on newer bins"
            )
        elif tally.expected_precision < lower:
            lines.append("more finds than expected: records are worse than assumed; raise the error rate")
    return lines


def _list_find(find: Mapping[Hashable, Any]) -> list[Text]:
    """Write a row of `AuditResult.bins`, which holds whatever a table holds, as texts without markup."""
    likely, chance = find["likely_count"], find["variance_probability"]
    cells = [
        find["bin_id"],
        str(find["recorded_count"]),
        str(find["audited_count"]),
        f"{find['variance']:+d}",
        "–" if likely is None else str(int(likely)),
        "–" if chance is None else _write_share(chance),
        find["note"],
    ]
    return [Text(cell) for cell in cells]


def _list_numbers(tally: Tally) -> list[str]:
    lower, upper = tally.interval
    interval = f"{100 * lower:.0f} to {100 * upper:.0f} %" if tally.counted else "–"
    return [
        f"{tally.counted:,}",
        f"{tally.finds:,}",
        f"{tally.expected_finds:.1f}",
        _write_share(tally.precision),
        interval,
    ]


def _write_share(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"


def _build_table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
