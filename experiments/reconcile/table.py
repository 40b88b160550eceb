"""Put the evaluations of several seeds side by side: `python table.py EVALUATION [EVALUATION ...] [--keep]`.

Each is the output folder of `binrecon reconcile --evaluate`. With `--keep`, tables and pictures are copied to
the folder of this study.
"""

import shutil
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
KEPT = ("plots/recall.png", "plots/lift.png", "plots/costs.png", "plots/by_count.png")
"""Pictures of the first evaluation, which stands for the others."""
RATE, BUDGET = 0.01, 0.005
"""Where the aim of the study is set."""


def spread(values: pd.Series, digits: int) -> str:
    """Write mean and standard deviation over seeds."""
    deviation = f" ± {values.std():.{digits}f}" if len(values) > 1 else ""
    return f"{values.mean():.{digits}f}{deviation}"


def read(folders: list[Path], name: str) -> pd.DataFrame:
    """Read one table of every evaluation."""
    tables = [
        pd.read_csv(folder / name, dtype={"recorded_count": str}).assign(evaluation=folder.name)
        for folder in folders
    ]
    return pd.concat(tables, ignore_index=True)


def print_table(headings: list[str], rows: list[list[str]]) -> None:
    """Print a table in Markdown."""
    for cells in (headings, ["---"] * len(headings), *rows):
        print(f"| {' | '.join(cells)} |")
    print()


def print_lifts(scores: pd.DataFrame) -> None:
    """Print, for each rate, what each ranking is worth."""
    whole = scores[scores["recorded_count"] == "all"]
    budgets = sorted(whole["budget"].dropna().unique())
    for rate, of_rate in whole.groupby("rate"):
        print(f"{100 * rate:g} % of the records wrong\n")
        rows = []
        for ranker, part in of_rate.groupby("ranked_by", sort=False):
            lifts = [
                spread(part[(part["score"] == "lift") & (part["budget"] == one)]["value"], 1)
                for one in budgets
            ]
            precision, augrc = (
                spread(part[part["score"] == name]["value"], digits)
                for name, digits in (("average_precision", 3), ("augrc", 4))
            )
            rows.append([f"`{ranker}`", *lifts, precision, augrc])
        headings = [f"lift at {100 * one:g} %" for one in budgets]
        print_table(["ranked by", *headings, "average precision", "AUGRC"], rows)


def print_aim(scores: pd.DataFrame) -> None:
    """Print the lift that the study aims at, and how many times that of the bad rule it is, for each seed."""
    at = scores[
        (scores["recorded_count"] == "all")
        & (scores["score"] == "lift")
        & (scores["rate"] == RATE)
        & (scores["budget"] == BUDGET)
    ]
    if at.empty:
        return
    rows = []
    for evaluation, part in at.groupby("evaluation"):
        by_ranker = part.set_index("ranked_by")
        ours, plain = by_ranker.loc["posterior"], by_ranker.loc["argmax_differs"]
        interval = f"{ours['lower']:.1f} to {ours['upper']:.1f}"
        rows.append([evaluation, f"{ours['value']:.1f}", interval, f"{ours['value'] / plain['value']:.1f}"])
    headings = ["evaluation", "lift", "95 % interval over bins", "times that of `argmax_differs`"]
    print_table(headings, rows)


def print_by_count(scores: pd.DataFrame) -> None:
    """Print the lift of our ranking within each recorded count at the largest budget."""
    ours = scores[(scores["ranked_by"] == "posterior") & (scores["recorded_count"] != "all")]
    ours = ours[(ours["score"] == "lift") & (ours["budget"] == ours["budget"].max())]
    rates = sorted(ours["rate"].unique())
    rows = []
    for count, part in ours.groupby("recorded_count"):
        cells = [spread(part[part["rate"] == rate]["value"], 1) for rate in rates]
        rows.append([str(count), f"{part['bins'].mean():.0f}", *cells])
    print_table(["recorded count", "bins", *(f"{100 * rate:g} % wrong" for rate in rates)], rows)


def main() -> None:
    """Print all tables; keep them if asked to."""
    folders = [Path(word) for word in sys.argv[1:] if word != "--keep"]
    scores = read(folders, "scores.csv")
    print_lifts(scores)
    print_aim(scores)
    print_by_count(scores)
    counts = read(folders, "counts.csv")
    rows = [
        [f"`{name}`", *(spread(part[column], 3) for column in ("before", "after", "honest_counter"))]
        for name, part in counts.groupby("score", sort=False)
    ]
    print_table(["score", "before calibration", "after", "honest"], rows)
    rows = [
        [
            f"{100 * asked:g} %",
            spread(100 * part["share"], 1),
            f"{100 * part['margin'].mean():.1f}",
            spread(part["mean_size"], 2),
        ]
        for asked, part in read(folders, "coverages.csv").groupby("asked")
    ]
    print_table(["coverage asked for", "covered, %", "sampling error, points", "counts in a set"], rows)
    audits = read(folders, "audits.csv").groupby(["rate", "budget"])
    rows = [
        [
            f"{100 * rate:g} %",
            f"{100 * budget:g} %: {part['recounts'].iloc[0]}",
            *(spread(part[column], 2) for column in ("expected_finds", "found", "audits_that_find_nothing")),
        ]
        for (rate, budget), part in audits
    ]
    print_table(["wrong", "recounts", "expected finds", "found", "audits that find nothing"], rows)
    if "--keep" in sys.argv:
        for name in KEPT:
            shutil.copy(folders[0] / name, HERE / Path(name).name)
        scores[scores["recorded_count"] == "all"].round(5).to_csv(HERE / "scores.csv", index=False)


if __name__ == "__main__":
    main()
