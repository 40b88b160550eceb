"""Progress of a search: trial by trial, and epoch by epoch."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from optuna.trial import TrialState

from binrecon.report.figures import add_shared_legend, tidy
from binrecon.report.text import add_arrow
from binrecon.sweep.plots.drawn import Drawn, mark_winner
from binrecon.sweep.plots.style import BLUE, GREY, ORANGE, PLUM, find_limits, is_off

_STATES = {
    TrialState.COMPLETE: (BLUE, "complete"),
    TrialState.PRUNED: (GREY, "pruned"),
    TrialState.FAIL: (PLUM, "failed"),
}


def draw_history(drawn: Drawn) -> Figure:
    """Draw the value of each complete trial over its number, the best so far, and trials without one."""
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    panel = figure.subplots()
    numbers = [trial.number for trial in drawn.complete]
    values = [drawn.value_of(trial) for trial in drawn.complete]
    limits = drawn.limits
    shown = np.clip(values, *limits)
    panel.plot(numbers, shown, "o", ms=4.5, mec="white", mew=0.6, color=BLUE, label="complete")
    best = (np.minimum if drawn.mode == "min" else np.maximum).accumulate(values)
    line = np.clip([*best, best[-1]], *limits)
    panel.step(
        [*numbers, drawn.trials[-1].number], line, where="post", color=ORANGE, lw=1.5, label="best so far"
    )
    _mark_states(panel, drawn)
    if beyond := [number for number, value in zip(numbers, values, strict=True) if is_off(value, limits)]:
        edge = limits[1] if drawn.mode == "min" else limits[0]
        marker = "^" if drawn.mode == "min" else "v"
        panel.plot(
            beyond, [edge] * len(beyond), marker, ms=5, color=BLUE, label="worse than shown", clip_on=False
        )
    mark_winner(panel, drawn.winner.number, drawn.winning_value)
    panel.set_ylim(*limits)
    panel.set_title(add_arrow(drawn.name), fontsize=10, loc="left")
    panel.set_xlabel("trial", fontsize=9)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    tidy(panel)
    add_shared_legend(figure, [panel], columns=6)
    return figure


def _mark_states(panel: Axes, drawn: Drawn) -> None:
    """Mark pruned and failed trials, which have no value to compare, along the lower edge."""
    for state in (TrialState.PRUNED, TrialState.FAIL):
        colour, label = _STATES[state]
        numbers = [trial.number for trial in drawn.trials if trial.state == state]
        if numbers:
            panel.plot(
                numbers, [0.015] * len(numbers), "|", ms=7, mew=1.4, color=colour,
                transform=panel.get_xaxis_transform(), label=label,
            )  # fmt: skip


def draw_epochs(drawn: Drawn) -> Figure:
    """Draw what each trial reported after each epoch; pruned ones end with a cross."""
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    panel = figure.subplots()
    every = [value for trial in drawn.trials for value in trial.intermediate_values.values()]
    limits = find_limits(every, drawn.mode)
    for trial in drawn.trials:
        epochs, values = list(trial.intermediate_values), list(trial.intermediate_values.values())
        if not epochs or trial.state not in _STATES:
            continue
        if trial.number == drawn.winner.number:
            panel.plot(epochs, values, color=ORANGE, lw=2.2, label="winner", zorder=5)
            continue
        colour, label = _STATES[trial.state]
        panel.plot(epochs, values, color=colour, lw=0.9, alpha=0.55, label=label, zorder=2)
        if trial.state == TrialState.PRUNED:
            panel.plot(epochs[-1:], values[-1:], "x", ms=4, color=colour, zorder=1)
    panel.set_ylim(*limits)
    panel.set_title(add_arrow(drawn.name), fontsize=10, loc="left")
    panel.set_xlabel("epoch", fontsize=9)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    tidy(panel)
    add_shared_legend(figure, [panel], columns=3)
    return figure
