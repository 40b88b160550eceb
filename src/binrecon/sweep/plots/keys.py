"""Plots of the searched keys: values over each key, and its importance."""

import warnings

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from optuna.distributions import CategoricalDistribution
from optuna.importance import get_param_importances
from optuna.study import Study

from binrecon.report.figures import tidy
from binrecon.report.text import add_arrow
from binrecon.sweep.plots.drawn import Drawn, mark_winner
from binrecon.sweep.plots.style import BLUE, LATER, is_log

_MOST_COLUMNS = 3


def find_importances(study: Study, drawn: Drawn) -> dict[str, float]:
    """Find which keys set the best tenth of the complete trials apart from all (arXiv:2304.10255).

    Returns:
        Importances that sum to 1, the largest first; empty if all values are the same.
    """
    if len({drawn.value_of(trial) for trial in drawn.complete}) < 2:
        return {}
    sign = 1 if drawn.mode == "min" else -1  # the method takes lower values for better
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about exactly that
        found = get_param_importances(study, target=lambda trial: sign * trial.values[drawn.place])
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def draw_slices(drawn: Drawn) -> Figure:
    """Draw the values of the complete trials over each searched key; later trials are darker."""
    keys = sorted({key for trial in drawn.complete for key in trial.params})
    columns = min(len(keys), _MOST_COLUMNS)
    rows = -(-len(keys) // columns)
    figure = Figure(figsize=(3.4 * columns + 1.2, 2.7 * rows + 0.4), layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).flatten().tolist()
    for panel, key in zip(panels, keys, strict=False):
        dots = _draw_slice(panel, drawn, key)
        panel.set_title(key, fontsize=10, loc="left")
        tidy(panel)
    for panel in panels[len(keys) :]:
        panel.axis("off")
    for panel in panels[::columns]:
        panel.set_ylabel(add_arrow(drawn.name), fontsize=9)
    bar = figure.colorbar(dots, ax=panels, fraction=0.03, pad=0.01)
    bar.set_label("trial; the winner has a ring", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    return figure


def _draw_slice(panel: Axes, drawn: Drawn, key: str) -> PathCollection:
    trials = [trial for trial in drawn.complete if key in trial.params]
    limits = drawn.limits
    distribution = trials[0].distributions[key]
    if isinstance(distribution, CategoricalDistribution):
        choices = list(distribution.choices)
        places = {trial.number: float(choices.index(trial.params[key])) for trial in trials}
        panel.set_xticks(range(len(choices)), [str(choice) for choice in choices])
        panel.set_xlim(-0.5, len(choices) - 0.5)
    else:
        places = {trial.number: float(trial.params[key]) for trial in trials}
        if is_log(distribution):
            _scale_log(panel, list(places.values()))
    dots = panel.scatter(
        list(places.values()), np.clip([drawn.value_of(trial) for trial in trials], *limits),
        c=list(places), cmap=LATER, vmin=0, vmax=drawn.trials[-1].number,
        s=22, linewidths=0.4, edgecolors="#1f3f68", clip_on=False,
    )  # fmt: skip
    if drawn.winner.number in places:
        mark_winner(panel, places[drawn.winner.number], drawn.winning_value)
    panel.set_ylim(*limits)
    return dots


def _scale_log(panel: Axes, values: list[float]) -> None:
    """Scale an axis logarithmically; less than two decades have ticks at 2 and 5 as well."""
    panel.set_xscale("log")
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if max(values) < 100 * min(values) else (1,)))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
    panel.xaxis.set_minor_formatter(NullFormatter())


def draw_importances(drawn: Drawn, importances: dict[str, float]) -> Figure:
    """Draw the importance of each key."""
    figure = Figure(figsize=(6.4, 0.9 + 0.4 * len(importances)), layout="constrained")
    panel = figure.subplots()
    places = range(len(importances))
    panel.barh(places, list(importances.values()), height=0.6, color=BLUE)
    for place, share in zip(places, importances.values(), strict=True):
        panel.annotate(f"{100 * share:.0f} %", (share, place), (4, 0), textcoords="offset points",
                       va="center", fontsize=9)  # fmt: skip
    panel.set_yticks(places, list(importances))
    panel.set_ylim(len(importances) - 0.4, -0.6)
    panel.set_xlim(0, 1.12 * max(importances.values()))
    title = f"importance for {drawn.name}, from {len(drawn.complete)} complete trials"
    panel.set_title(title, fontsize=10, loc="left")
    panel.spines[["top", "right", "bottom"]].set_visible(False)
    panel.tick_params(length=0, labelsize=9)
    panel.set_xticks([])
    return figure
