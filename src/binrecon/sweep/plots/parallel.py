"""Parallel coordinates: each trial as a line through its values, the objective on the right."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial

from binrecon.config.metric_names import Mode
from binrecon.report.figures import add_shared_legend
from binrecon.report.text import add_arrow
from binrecon.sweep.plots.style import BLUE, ORANGE, find_limits, is_log

_REST = "#c9ced6"
_BEST = 5
"""Minimum number of highlighted trials, if a tenth is fewer."""


class Scale(NamedTuple):
    """One of the vertical axes.

    Attributes:
        title: Text above the axis.
        heights: Of each trial, from 0 to 1; NaN where a trial has no such key.
        ticks: Heights with their labels.
    """

    title: str
    heights: Sequence[float]
    ticks: Sequence[tuple[float, str]]


def draw_parallel(
    name: str, mode: Mode, trials: Sequence[FrozenTrial], values: Sequence[float], winner: int
) -> Figure:
    """Draw complete trials as lines, the best few in colour and the winner in another.

    Args:
        name: Of the objective.
        mode: The direction in which it gets better, which is upwards.
        trials: Complete ones.
        values: Of the objective, for each trial.
        winner: Number of the trial that was chosen.
    """
    keys = sorted({key for trial in trials for key in trial.params})
    scales = [_scale_of(key, trials) for key in keys] + [_scale_of_values(name, mode, values)]
    figure = Figure(figsize=(2 * len(scales) + 0.6, 4.6), layout="constrained")
    panel = figure.subplots()
    ranked = np.argsort(values)[:: 1 if mode == "min" else -1].tolist()
    best = ranked[: max(_BEST, len(trials) // 10)]
    for place in reversed(ranked):  # the best on top
        is_winner = trials[place].number == winner
        colour = ORANGE if is_winner else BLUE if place in best else _REST
        label = "winner" if is_winner else f"best {len(best)}" if place in best else "other complete trials"
        panel.plot(
            range(len(scales)), [scale.heights[place] for scale in scales], color=colour, label=label,
            lw=2.4 if is_winner else 1.4 if place in best else 0.9, zorder=3 if is_winner else 2,
        )  # fmt: skip
    for place, scale in enumerate(scales):
        _draw_scale(panel, place, scale)
    panel.set_xlim(-0.1, len(scales) - 0.4)
    panel.set_ylim(-0.03, 1.1)
    panel.axis("off")
    add_shared_legend(figure, [panel], columns=3)
    return figure


def _draw_scale(panel: Axes, place: int, scale: Scale) -> None:
    panel.plot([place, place], [0, 1], color="#555555", lw=1, zorder=4)
    panel.text(place, 1.05, scale.title, ha="center", fontsize=9)
    for height, text in scale.ticks:
        panel.plot([place, place + 0.03], [height, height], color="#555555", lw=1, zorder=4)
        panel.text(
            place + 0.05, height, text, va="center", fontsize=8, zorder=5,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip


def _scale_of(key: str, trials: Sequence[FrozenTrial]) -> Scale:
    distribution = next(trial.distributions[key] for trial in trials if key in trial.params)
    given = [trial.params.get(key) for trial in trials]
    if isinstance(distribution, CategoricalDistribution):
        choices = list(distribution.choices)
        step = 1 / max(1, len(choices) - 1)
        heights = [math.nan if value is None else choices.index(value) * step for value in given]
        return Scale(key, heights, [(place * step, str(choice)) for place, choice in enumerate(choices)])
    return _scale_of_numbers(key, distribution, given)


def _scale_of_numbers(key: str, distribution: BaseDistribution, given: Sequence[Any]) -> Scale:
    numbers = [value for value in given if value is not None]
    low, high = min(numbers), max(numbers)
    if is_log(distribution):
        ticks = [tick for tick in LogLocator(numticks=6).tick_values(low, high) if low <= tick <= high]
        low, high = math.log(low), math.log(high)
        heights = [math.nan if value is None else _rise(math.log(value), low, high) for value in given]
        return Scale(key, heights, [(_rise(math.log(tick), low, high), f"{tick:g}") for tick in ticks])
    heights = [math.nan if value is None else _rise(value, low, high) for value in given]
    return Scale(key, heights, _even_ticks(low, high))


def _scale_of_values(name: str, mode: Mode, values: Sequence[float]) -> Scale:
    low, high = find_limits(values, mode)
    heights = [_rise(value, low, high) for value in np.clip(values, low, high).tolist()]
    ticks = _even_ticks(low, high)
    if mode == "min":
        heights = [1 - height for height in heights]
        ticks = [(1 - height, text) for height, text in ticks]
    return Scale(add_arrow(name), heights, ticks)


def _even_ticks(low: float, high: float) -> list[tuple[float, str]]:
    ticks = MaxNLocator(nbins=5).tick_values(low, high)
    return [(_rise(tick, low, high), f"{tick:g}") for tick in ticks if low <= tick <= high]


def _rise(value: float, low: float, high: float) -> float:
    """Return where between two ends a value lies, from 0 to 1.

    >>> _rise(3.0, 2.0, 4.0), _rise(1.0, 1.0, 1.0)
    (0.5, 0.5)
    """
    return 0.5 if high == low else (value - low) / (high - low)
