"""An evaluation as a report to read, in Markdown, and as a table for the console."""

from collections.abc import Sequence

import numpy as np
from rich import box
from rich.table import Table

from binrecon.reconcile.evaluate.costs import RATIOS
from binrecon.reconcile.evaluate.evaluation import Evaluation
from binrecon.reconcile.evaluate.inject import KINDS
from binrecon.reconcile.evaluate.rankers import DIFFERS, OURS, RANKERS
from binrecon.reconcile.evaluate.tables import find_ratio, list_audits
from binrecon.reconcile.evaluate.trial import DRAWS_OF_A_RESAMPLE, Trial
from binrecon.reconcile.evaluate.wording import interval, markdown_table, percent

NO_TRUTH = (
    "Nobody has counted these bins: what is known of them is what their records say. So the records are "
    "taken as true, a share of them is made wrong on purpose, and those are to be found. A bin that is "
    "flagged although its record was left alone counts as a false alarm here; it may be an error that was "
    "always there."
)
"""Caveats of any evaluation without ground truth."""

_SHOWN_RATIOS = (10, 100, 1000)


def write_report(evaluation: Evaluation, run: str, notes: Sequence[str]) -> str:
    """Write the whole evaluation as Markdown.

    Args:
        evaluation: What came out.
        run: Folder of the run.
        notes: What else has to be said.
    """
    parts = [
        ["# Would wrong records be found?", "", NO_TRUTH, ""],
        _describe_setting(evaluation, run, notes),
        ["## Which bins to recount", ""],
        *[_describe_trial(evaluation, trial) for trial in evaluation.trials],
        ["![Recall over recounts](plots/recall.png)", "", "![Lift at each budget](plots/lift.png)", ""],
        _describe_audits(evaluation),
        _describe_by_count(evaluation),
        _describe_kinds(evaluation),
        _describe_costs(evaluation),
        _describe_counts(evaluation),
        _describe_coverages(evaluation),
    ]
    return "\n".join(line for part in parts for line in part)


def _describe_setting(evaluation: Evaluation, run: str, notes: Sequence[str]) -> list[str]:
    bins, errors, config = evaluation.bins, evaluation.errors, evaluation.config
    draws = min(config.draws, DRAWS_OF_A_RESAMPLE)
    weights = ", ".join(f"{kind} {getattr(errors, kind):g}" for kind in KINDS)
    counts = f"{bins.min_count} to {bins.min_count + bins.class_count - 1}"
    return [
        f"- Run `{run}`: {len(bins):,} bins, counts {counts}.",
        f"- Calibrated by `{evaluation.calibration.method}` on {evaluation.calibration.bins:,} bins.",
        f"- Wrong records: {weights} (`record_errors`); the ranking assumes the same of them. It is told "
        "their rate, which changes what it promises and not what it ranks first.",
        f"- {config.draws:,} draws for each rate. Scores are means over them; intervals hold 95 % of "
        f"{config.resamples:,} resamples of the bins, each with {draws} draws.",
        "- Budgets are rounded down to whole bins, one at least; equally suspicious bins come at random.",
        *(f"- {note}" for note in notes),
        "",
        "Ranked by:",
        *(f"- `{name}`: {meaning}" for name, meaning in RANKERS.items()),
        "",
    ]


def _describe_trial(evaluation: Evaluation, trial: Trial) -> list[str]:
    budgets = [
        f"{percent(budget)} ({paid} {'bin' if paid == 1 else 'bins'})"
        for budget, paid in zip(evaluation.config.budgets, trial.flagged.tolist(), strict=True)
    ]
    headings = [
        "ranked by",
        *(f"lift at {budget}" for budget in budgets),
        "average precision",
        "AURC",
        "AUGRC",
    ]
    rows = []
    for name, summary in trial.summaries.items():
        drawn = trial.resampled[name]
        lifts = [interval(lift, drawn.lift[:, column], 1) for column, lift in enumerate(summary.lift)]
        overall = [
            interval(float(getattr(summary, score)), getattr(drawn, score), digits)
            for score, digits in (("average_precision", 3), ("aurc", 4), ("augrc", 4))
        ]
        rows.append([f"`{name}`", *lifts, *overall])
    ratio, low, high = find_ratio(trial, OURS, DIFFERS, 0)
    title = f"### {percent(trial.rate)} of the records wrong: {trial.wrong} of {len(evaluation.bins):,}"
    closing = (
        f"At the first budget the lift of `{OURS}` is {ratio:.1f} times that of `{DIFFERS}` "
        f"({low:.1f} to {high:.1f})."
    )
    return [title, "", *markdown_table(headings, rows), "", closing, ""]


def _describe_audits(evaluation: Evaluation) -> list[str]:
    rows = [
        [
            percent(row.rate),
            f"{percent(row.budget)}: {row.recounts}",
            f"{row.expected_finds:.2f}",
            f"{row.found:.2f}",
            f"{row.found_in_one_audit_lower:.0f} to {row.found_in_one_audit_upper:.0f}",
            percent(round(row.audits_that_find_nothing, 2)),
        ]
        for row in list_audits(evaluation)
    ]
    headings = ["wrong", "recounts", "expected finds", "found", "in 95 % of audits", "find nothing"]
    text = (
        f"`{OURS}` says before anyone walks how many wrong records its recounts will find. *Expected finds* "
        "is what it says, *found* the mean over draws, and the last columns what a single audit may bring."
    )
    return ["## What is promised, and what is found", "", text, "", *markdown_table(headings, rows), ""]


def _describe_by_count(evaluation: Evaluation) -> list[str]:
    budgets = evaluation.config.budgets
    headings = ["wrong", "recorded count", "bins", *(f"lift at {percent(one)}" for one in budgets)]
    rows = []
    for trial in evaluation.trials:
        for place, summary in enumerate(trial.by_count[OURS]):
            drawn = trial.resampled_by_count[place]
            lifts = [interval(lift, drawn.lift[:, column], 1) for column, lift in enumerate(summary.lift)]
            precision = interval(float(summary.average_precision), drawn.average_precision, 3)
            count = str(evaluation.bins.min_count + place)
            rows.append([percent(trial.rate), count, f"{trial.bins_by_count[place]:.0f}", *lifts, precision])
    text = (
        f"`{OURS}` among the bins whose record says one count, each with a budget of its own, of one bin at "
        "least. Where photos say little about a count, there is little to find."
    )
    table = markdown_table([*headings, "average precision"], rows)
    return ["## By recorded count", "", text, "", *table, "", "![Lift by count](plots/by_count.png)", ""]


def _describe_kinds(evaluation: Evaluation) -> list[str]:
    budgets = evaluation.config.budgets
    headings = ["wrong", "kind", "share", *(f"found at {percent(budget)}" for budget in budgets)]
    rows = [
        [percent(trial.rate), f"`{kind}`", percent(round(trial.kinds[place], 3))]
        + [_share(found) for found in trial.recall_of_kinds[place]]
        for trial in evaluation.trials
        for place, kind in enumerate(KINDS)
    ]
    return [f"## By kind of error (`{OURS}`)", "", *markdown_table(headings, rows), ""]


def _describe_costs(evaluation: Evaluation) -> list[str]:
    headings = [
        "wrong", "a miss costs", "recount nothing", "everything", "where it pays", f"`{OURS}`, best budget",
        f"`{DIFFERS}`, best budget",
    ]  # fmt: skip
    rows = []
    for trial in evaluation.trials:
        for ratio in _SHOWN_RATIOS:
            at, costs = int(np.argmin(np.abs(RATIOS - ratio))), trial.costs
            ways = (costs.none, costs.everything, costs.decided, costs.best[OURS], costs.best[DIFFERS])
            rows.append([percent(trial.rate), f"{RATIOS[at]:g}", *(f"{way[at]:.3f}" for way in ways)])
    text = (
        "Cost of a bin, where a recount costs 1 and always finds what is there. *Where it pays* recounts a "
        "bin if its variance probability times the cost of a miss is at least 1, as `budget=1:RATIO` does. "
        "The best budget of a ranking is known in hindsight alone."
    )
    table = markdown_table(headings, rows)
    return ["## What it costs", "", text, "", *table, "", "![Cost curve](plots/costs.png)", ""]


def _describe_counts(evaluation: Evaluation) -> list[str]:
    rows = [
        [
            f"`{one.name}`",
            interval(one.before, one.before_resampled, 3),
            interval(one.after, one.after_resampled, 3),
            f"{one.honest:.3f}",
        ]
        for one in evaluation.counts
    ]
    text = (
        "`count_aurc` and `count_augrc` are of accepting the likeliest counts, the surest ones first; the "
        "risk is that a count is not the recorded one. *Honest* is what the counter would score on as many "
        "bins with counts drawn from its own calibrated distributions: of so few bins, calibration errors "
        "are not 0 even then. Resampling adds to them, so that their intervals lie too high."
    )
    headings = ["score", "before calibration", "after", "honest"]
    return ["## The counts themselves", "", text, "", *markdown_table(headings, rows), ""]


def _describe_coverages(evaluation: Evaluation) -> list[str]:
    rows = [
        [
            percent(one.asked),
            percent(round(one.share, 3)),
            f"± {100 * one.margin:.1f}",
            f"{one.mean_size:.2f}",
        ]
        for one in evaluation.coverages
    ]
    headings = [
        "coverage asked for",
        "bins whose set holds the count",
        "sampling error",
        "counts in a set",
    ]
    return ["## Count sets", "", *markdown_table(headings, rows), ""]


def summary_table(evaluation: Evaluation) -> Table:
    """Lay the lifts at every rate and budget out for the console."""
    table = Table(
        title=f"lift over random recounts, {len(evaluation.bins):,} bins",
        title_justify="left", title_style="bold", box=box.SIMPLE_HEAD,
    )  # fmt: skip
    table.add_column("wrong", justify="right")
    table.add_column("ranked by")
    for budget in evaluation.config.budgets:
        table.add_column(percent(budget), justify="right")
    for trial in evaluation.trials:
        for name, summary in trial.summaries.items():
            table.add_row(percent(trial.rate), name, *(f"{lift:.1f}" for lift in summary.lift))
    return table


def _share(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.1f} %"
