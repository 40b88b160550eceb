"""A leaderboard as text: for the console, as Markdown and as CSV."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.table import Table
from rich.text import Text

from binrecon.compare.leaderboard import Leaderboard, Row
from binrecon.compare.read import LeftOut, Run
from binrecon.compare.wording import (
    shorten_key,
    write_epochs,
    write_seconds,
    write_spread,
    write_value,
)
from binrecon.config.metric_names import RANKING_METRICS
from binrecon.report.text import NONE, add_arrow, build_table, write_score

_JUDGED_ON = "judged on"


def list_cells(board: Leaderboard) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows as text; the last rows are the majority baselines."""
    is_mixed = len(board.judged) > 1
    headings = [
        "#",
        *([_JUDGED_ON] if is_mixed else []),
        *map(shorten_key, board.keys),
        "seeds",
        *map(add_arrow, board.shown_metrics),
        "time",
        "best epoch",
    ]
    rows = []
    for place, row in enumerate(board.rows, start=1):
        rows.append(
            [
                str(place),
                *([row.group.judged.describe()] if is_mixed else []),
                *(write_value(row.group.values[key]) for key in board.keys),
                str(len(row.group.runs)),
                *(write_spread(name, row.means[name], row.deviations[name]) for name in board.shown_metrics),
                write_seconds(row.seconds),
                write_epochs(row.best_epochs),
            ]
        )
    for run in board.baselines():
        rows.append(
            [
                "",
                *([run.judged.describe()] if is_mixed else []),
                f"majority ({run.majority_count})",
                *([NONE] * (len(board.keys) - 1)),
                NONE,
                *(write_score(name, run.majority[name]) for name in board.shown_metrics),
                NONE,
                NONE,
            ]
        )
    return headings, rows


def name_table(board: Leaderboard) -> str:
    """Describe the bins that a leaderboard was evaluated on."""
    if len(board.judged) > 1:
        return f"ranked by {board.metric}, judged on different bins"
    run, judged = board.rows[0].group.runs[0], board.judged[0]
    bins = len(run.predictions.bin_ids)
    return (
        f"ranked by {board.metric}: {bins:,} {judged.judged_split} bins of split {judged.split}, "
        f"counts {judged.counts}"
    )


def leaderboard_table(board: Leaderboard) -> Table:
    """Lay a leaderboard out for the console."""
    headings, rows = list_cells(board)
    table = build_table(name_table(board))
    words = 1 + len(board.keys) + (len(board.judged) > 1)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if 0 < place < words else "right", no_wrap=place >= words)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def write_markdown(
    board: Leaderboard, sentences: Sequence[str], notes: Sequence[str], left_out: Sequence[LeftOut]
) -> str:
    """Write the whole comparison as Markdown."""
    headings, rows = list_cells(board)
    words = 1 + len(board.keys) + (len(board.judged) > 1)
    rule = ["---:" if place == 0 or place >= words else "---" for place in range(len(headings))]
    name = name_table(board)
    lines = ["# Leaderboard", "", f"{name[0].upper()}{name[1:]}. Mean ± standard deviation over seeds.", ""]
    lines += [_markdown_row(cells) for cells in (headings, rule, *rows)]
    if sentences:
        lines += ["", "## Differences from the best", "", *(f"- {_plain(line)}" for line in sentences)]
    lines += ["", "![Scores with their intervals](leaderboard.png)", "", "![Learning curves](curves.png)"]
    if notes:
        lines += ["", "## Notes", "", *(f"- {_plain(line)}" for line in notes)]
    lines += ["", "## Runs", ""]
    for place, row in enumerate(board.rows, start=1):
        lines.append(f"- {place}: {_list_folders(row)}")
    if left_out:
        lines += ["", "## Left out", "", *(f"- `{run.path}`: {_plain(run.reason)}" for run in left_out)]
    return "\n".join([*lines, ""])


def _list_folders(row: Row) -> str:
    """List the folders of a group with their seeds, those in one parent folder under one name."""
    places: dict[Path, list[Run]] = {}
    for run in row.group.runs:
        places.setdefault(run.path.parent, []).append(run)
    texts = []
    for place, runs in places.items():
        if len(runs) == 1:
            texts.append(f"`{runs[0].path}` (seed {runs[0].seed})")
        else:
            names = ", ".join(f"`{run.path.name}` (seed {run.seed})" for run in runs)
            texts.append(f"`{place}`: {names}")
    return "; ".join(texts)


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_plain, cells))} |"


def _plain(text: str) -> str:
    """Escape Markdown's special characters."""
    return text.replace("|", "\\|").replace("_", "\\_").replace("*", "\\*").replace("<", "&lt;")


def leaderboard_csv(board: Leaderboard) -> str:
    """Write every metric of every group with its numbers unrounded, and the majority baselines."""
    return pd.DataFrame(
        [_plain_row(place, row) for place, row in enumerate(board.rows, start=1)] + _plain_baselines(board)
    ).to_csv(index=False)


def _plain_row(place: int, row: Row) -> dict[str, object]:
    numbers: dict[str, object] = {}
    for name in RANKING_METRICS:
        numbers[f"{name}_mean"], numbers[f"{name}_std"] = row.means[name], row.deviations[name]
        if name in row.intervals:
            numbers[f"{name}_lower"], numbers[f"{name}_upper"] = row.intervals[name]
    return {
        "rank": str(place),
        "judged_on": row.group.judged.describe(),
        **row.group.values,
        "runs": str(len(row.group.runs)),
        "seeds": " ".join(map(str, row.group.seeds)),
        **numbers,
        "seconds_median": row.seconds,
        "best_epochs": " ".join(map(str, row.best_epochs)),
        "folders": ";".join(str(run.path) for run in row.group.runs),
    }


def _plain_baselines(board: Leaderboard) -> list[dict[str, object]]:
    return [
        {
            "rank": "",
            "judged_on": run.judged.describe(),
            board.keys[0]: f"majority ({run.majority_count})",
            **{f"{name}_mean": run.majority[name] for name in RANKING_METRICS},
        }
        for run in board.baselines()
    ]


def pairs_csv(board: Leaderboard) -> str:
    """Write every pair of groups of one manifest: difference a - b, its interval, how often a is better."""
    columns = [
        "judged_on", *(f"a {key}" for key in board.keys), *(f"b {key}" for key in board.keys),
        "runs_a", "runs_b", "same_seeds", "bins", "metric", "difference", "lower", "upper", "share_a_better",
    ]  # fmt: skip
    rows = [
        [
            pair.first.judged.describe(),
            *(pair.first.values[key] for key in board.keys),
            *(pair.second.values[key] for key in board.keys),
            len(pair.first.runs),
            len(pair.second.runs),
            pair.first.seeds == pair.second.seeds,
            len(pair.first.runs[0].predictions.bin_ids),
            pair.difference.metric,
            pair.difference.value,
            pair.difference.lower,
            pair.difference.upper,
            pair.difference.share_better,
        ]
        for pair in board.pairs
    ]
    return pd.DataFrame(rows, columns=columns).to_csv(index=False)
