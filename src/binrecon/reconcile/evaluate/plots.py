"""Pictures of an evaluation: recall over recounts, lift at each budget, costs, and lift by recorded count.

Figures are made by hand, without pyplot, as in `report.plots`.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from binrecon.reconcile.evaluate.costs import RATIOS
from binrecon.reconcile.evaluate.evaluation import Evaluation
from binrecon.reconcile.evaluate.rankers import DIFFERS, OURS, RANDOM
from binrecon.reconcile.evaluate.summary import find_interval
from binrecon.reconcile.evaluate.trial import Trial
from binrecon.reconcile.evaluate.wording import percent
from binrecon.report.figures import tidy
from binrecon.report.png import save_figure

_STYLES = {
    OURS: ("#1f5fa8", "-"),
    "calibrated": ("#2e8b57", (0, (5, 1.5))),
    "uncalibrated": ("#3aa6b9", (0, (1, 1))),
    "mean_distance": ("#8e4a9e", (0, (4, 1.5, 1, 1.5))),
    "argmax_two_off": ("#b8860b", "-"),
    DIFFERS: ("#c2571a", "-"),
    RANDOM: ("#8a8f98", (0, (2, 2))),
}
_MOST_RECOUNTED = 0.2

Draw = Callable[[Axes, Evaluation, Trial], None]


def draw_recall(evaluation: Evaluation, path: Path) -> None:
    """Draw how many of the wrong records each ranking finds, over the share of bins that are recounted."""
    _draw_panels(
        evaluation, path, _draw_recall, "share of the bins recounted", "share of wrong records found"
    )


def draw_lift(evaluation: Evaluation, path: Path) -> None:
    """Draw how many times as many wrong records each ranking finds as recounts at random, with intervals."""
    _draw_panels(evaluation, path, _draw_lift, "budget", "lift over random recounts")


def draw_costs(evaluation: Evaluation, path: Path) -> None:
    """Draw what each way to decide saves, over the cost of a miss."""
    label = "cost of a miss, in recounts"
    _draw_panels(
        evaluation, path, _draw_costs, label, "saved of the better of\nrecounting nothing or everything"
    )


def draw_by_count(evaluation: Evaluation, path: Path) -> None:
    """Draw the lift of our ranking among the bins of each recorded count, at the largest budget."""
    label = f"lift at {percent(max(evaluation.config.budgets))} of each count's bins"
    _draw_panels(evaluation, path, _draw_by_count, "recorded count", label)


def _draw_panels(evaluation: Evaluation, path: Path, draw: Draw, x_label: str, y_label: str) -> None:
    """Draw one panel for each rate, two in a row, with one legend for all."""
    trials = evaluation.trials
    columns = min(2, len(trials))
    rows = -(-len(trials) // columns)
    figure = Figure(figsize=(4.6 * columns + 0.4, 2.9 * rows + 0.9), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flatten().tolist()
    for panel, trial in zip(panels, trials, strict=False):
        draw(panel, evaluation, trial)
        panel.set_title(f"{percent(trial.rate)} of the records wrong", fontsize=10, loc="left")
        tidy(panel, grid="y")
    for panel in panels[len(trials) :]:
        panel.axis("off")
    figure.supxlabel(x_label, fontsize=9)
    figure.supylabel(y_label, fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    if len(labels) > 1:
        figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    save_figure(figure, path)


def _draw_recall(panel: Axes, evaluation: Evaluation, trial: Trial) -> None:
    last = max(1, round(_MOST_RECOUNTED * len(evaluation.bins)))
    share = np.arange(last + 1) / len(evaluation.bins)
    for name, found in trial.gains.items():
        colour, dashes = _STYLES[name]
        panel.plot(share, found[: last + 1] / trial.wrong, color=colour, ls=dashes, lw=1.6, label=_name(name))
    panel.set_xlim(0, share[-1])
    panel.set_ylim(0, None)
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(lambda value, _: percent(value))


def _draw_lift(panel: Axes, evaluation: Evaluation, trial: Trial) -> None:
    budgets = evaluation.config.budgets
    width = 0.8 / len(trial.summaries)
    for place, (name, summary) in enumerate(trial.summaries.items()):
        at = np.arange(len(budgets)) + width * (place - (len(trial.summaries) - 1) / 2)
        ends = [find_interval(trial.resampled[name].lift[:, column]) for column in range(len(budgets))]
        colour = _STYLES[name][0]
        panel.vlines(
            at, [low for low, _ in ends], [high for _, high in ends], color=colour, lw=1.2, alpha=0.6
        )
        panel.plot(at, summary.lift, ls="none", marker="o", ms=4, mew=0, color=colour, label=_name(name))
    panel.axhline(1, color="#8a8f98", lw=0.8, zorder=0)
    panel.set_xticks(range(len(budgets)), [percent(budget) for budget in budgets])
    panel.set_ylim(0, None)


def _draw_costs(panel: Axes, evaluation: Evaluation, trial: Trial) -> None:
    costs = trial.costs
    plain = np.minimum(costs.none, costs.everything)
    panel.plot(
        RATIOS, 1 - costs.decided / plain, color="black", lw=1.6, marker="o", ms=3,
        label="recount where the variance probability says it pays",
    )  # fmt: skip
    for name in (OURS, "calibrated", "argmax_two_off", DIFFERS):
        colour, dashes = _STYLES[name]
        label = f"{_name(name)}, best budget in hindsight"
        panel.plot(RATIOS, 1 - costs.best[name] / plain, color=colour, ls=dashes, lw=1.3, label=label)
    panel.axhline(0, color="#8a8f98", lw=0.8, zorder=0)
    panel.set_xscale("log")
    panel.xaxis.set_major_locator(FixedLocator([1, 10, 100, 1000]))
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.yaxis.set_major_formatter(lambda value, _: percent(value))


def _draw_by_count(panel: Axes, evaluation: Evaluation, trial: Trial) -> None:
    column = int(np.argmax(evaluation.config.budgets))
    colour = _STYLES[OURS][0]
    for place, (summary, resampled) in enumerate(
        zip(trial.by_count[OURS], trial.resampled_by_count, strict=True)
    ):
        low, high = find_interval(resampled.lift[:, column])
        panel.vlines([place], [low], [high], color=colour, lw=1.4, alpha=0.6)
        panel.plot([place], [summary.lift[column]], marker="o", ms=5, color=colour)
    panel.axhline(1, color="#8a8f98", lw=0.8, zorder=0)
    counts = evaluation.bins.min_count + np.arange(evaluation.bins.class_count)
    panel.set_xticks(range(len(counts)), [str(count) for count in counts])
    panel.set_ylim(0, None)


def _name(ranker: str) -> str:
    return ranker.replace("_", " ")
