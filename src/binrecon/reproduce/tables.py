"""Published and ours side by side: for the console, as Markdown and as CSV.

All three show the lines of `list_lines`, which have a difference only where the row's assessment is
`Comparable`, and else its mark.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from rich.table import Table
from rich.text import Text

from binrecon.compare.wording import write_epochs, write_seconds, write_spread
from binrecon.published.rows import PublishedRow
from binrecon.report.text import NONE, build_table, is_share, write_score
from binrecon.reproduce.comparability import NOT_COMPARABLE, Assessment, Comparable, NotComparable
from binrecon.reproduce.results import Number, RowResult

_HEADINGS = (
    "row", "on", "metric", "published", "ours", "95 % interval", "majority", "seeds", "best epoch", "photos",
    "time", "ours - published",
)  # fmt: skip

_NOTES = (
    "Ours: mean ± standard deviation over seeds. Photos: trained on / measured on. Time: median of the runs.",
    "Published numbers are of single runs; what another seed or other bins would have given them is in no "
    "interval here.",
    "The interval is of ours, over bins and seeds: a paired bootstrap, as in `binrecon compare`.",
)


@dataclass(frozen=True)
class Report:
    """Report of a reproduction.

    Attributes:
        table: Name of the published table.
        command: Command line of the reproduction.
        rows: Requested rows.
        results: Results by name of the row, for rows with a finished run.
        failures: Reason by name of the row, for rows without one.
    """

    table: str
    command: str
    rows: Sequence[PublishedRow]
    results: Mapping[str, RowResult]
    failures: Mapping[str, str]

    @property
    def title(self) -> str:
        """Title with the number of comparable rows."""
        assessments = [result.assessment for result in self.results.values()]
        count = sum(isinstance(assessment, Comparable) for assessment in assessments)
        rows = f"{len(self.rows)} row{'' if len(self.rows) == 1 else 's'}"
        return f"{self.table}: published and ours, {count} of {rows} comparable"

    def list_remarks(self) -> list[str]:
        """List the remarks on each row."""
        shown = [(row.name, self.results.get(row.name)) for row in self.rows]
        return [
            f"{name}: {'; '.join(result.remarks)}"
            for name, result in shown
            if result is not None and result.remarks
        ]


def list_lines(report: Report) -> list[list[str]]:
    """Return the cells of every line: one for each number, or a single one for a row without a run."""
    lines = []
    for row in report.rows:
        result = report.results.get(row.name)
        if result is None:
            lines.append([row.name, *[NONE] * (len(_HEADINGS) - 2), _write_absence(report, row)])
        else:
            lines += [_write_line(result, number) for number in result.numbers]
    return lines


def _write_absence(report: Report, row: PublishedRow) -> str:
    return f"{report.failures.get(row.name, 'not run')}: {NOT_COMPARABLE}"


def _write_line(result: RowResult, number: Number) -> list[str]:
    return [
        result.row.name,
        number.split,
        number.metric,
        NONE if number.published is None else write_score(number.metric, number.published),
        write_spread(number.metric, number.mean, number.deviation),
        _write_interval(number.metric, number.interval),
        write_score(number.metric, number.majority),
        str(len(result.runs)),
        f"{write_epochs(result.best_epochs)} of {result.epochs}",
        f"{result.count_photos('train'):,} / {result.count_photos(number.split):,}",
        write_seconds(result.seconds),
        write_difference(result.assessment, number),
    ]


def write_difference(assessment: Assessment, number: Number) -> str:
    """Write our number minus the published one, or the reason why they are not comparable."""
    match assessment:
        case NotComparable():
            return assessment.mark
        case Comparable():
            if number.published is None or math.isnan(number.mean):
                return NONE
            scale, digits, unit = (100, 1, " pp") if is_share(number.metric) else (1, 3, "")
            ends = [number.mean, *(number.interval or ())]
            texts = [f"{scale * assessment.subtract(end, number.published):+.{digits}f}" for end in ends]
            interval = f" ({texts[1]} to {texts[2]})" if number.interval is not None else ""
            return f"{texts[0]}{unit}{interval}"


def _write_interval(metric: str, interval: tuple[float, float] | None) -> str:
    if interval is None:
        return NONE
    low, high = (write_score(metric, end).removesuffix(" %") for end in interval)
    return f"{low} to {high}{' %' if is_share(metric) else ''}"


def console_table(report: Report) -> Table:
    """Build the table for the console."""
    table = build_table(report.title)
    for column, heading in enumerate(_HEADINGS):
        is_last = column == len(_HEADINGS) - 1
        table.add_column(heading, justify="left" if column < 3 or is_last else "right", no_wrap=not is_last)
    for line in list_lines(report):
        table.add_row(*map(Text, line))
    return table


def write_markdown(report: Report) -> str:
    """Write the lines and the remarks on them as Markdown."""
    rule = ["---", "---", "---", *["---:"] * (len(_HEADINGS) - 4), "---"]
    rows = [_HEADINGS, rule, *list_lines(report)]
    remarks = [f"- {remark}" for remark in report.list_remarks()]
    sources = [f"- {row.name}: {row.source}, `experiment={row.recipe}`" for row in report.rows]
    lines = [
        f"# {report.title[0].upper()}{report.title[1:]}",
        "",
        f"`{report.command}`",
        "",
        *(f"| {' | '.join(cells)} |" for cells in rows),
        "",
        *_NOTES,
        *(["", "## What to know of each row", "", *remarks] if remarks else []),
        "",
        "## Published where",
        "",
        *sources,
    ]
    return "\n".join([*lines, ""])


def write_csv(report: Report) -> str:
    """Write the lines with their numbers unrounded; the last column is a difference or the mark."""
    return pd.DataFrame([line for row in report.rows for line in _list_plain(report, row)]).to_csv(
        index=False
    )


def _list_plain(report: Report, row: PublishedRow) -> list[dict[str, object]]:
    first = {"row": row.name, "recipe": row.recipe, "data_split": row.split}
    result = report.results.get(row.name)
    if result is None:
        return [{**first, "comparable": False, _HEADINGS[-1]: _write_absence(report, row)}]
    return [{**first, **_write_plain(result, number)} for number in result.numbers]


def _write_plain(result: RowResult, number: Number) -> dict[str, object]:
    low, high = number.interval or (None, None)
    return {
        "comparable": isinstance(result.assessment, Comparable),
        "on": number.split,
        "metric": number.metric,
        "published": number.published,
        "ours_mean": number.mean,
        "ours_std": number.deviation,
        "lower": low,
        "upper": high,
        "majority": number.majority,
        "seeds": " ".join(str(run.run.seed) for run in result.runs),
        "best_epochs": " ".join(map(str, result.best_epochs)),
        "epochs": result.epochs,
        "train_photos": result.count_photos("train"),
        "measured_photos": result.count_photos(number.split),
        "seconds_median": result.seconds,
        "folders": ";".join(str(run.run.path) for run in result.runs),
        _HEADINGS[-1]: write_difference(result.assessment, number),
    }
