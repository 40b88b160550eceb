"""Reliability of probabilities before and after calibration, as a table and a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from binrecon.calibration.arrays import Floats, Ints
from binrecon.calibration.reliability import classwise_ece, cut_bands
from binrecon.report.figures import add_legend_above, tidy
from binrecon.report.png import save_figure
from binrecon.report.text import build_table, write_number

CALIBRATION_MEANINGS = {
    "nll": "negative log-likelihood of the recorded count, in nats",
    "ece": "gap between confidence and accuracy, over 15 bands of equal width",
    "adaptive_ece": "the same over 15 bands of equally many bins",
    "classwise_ece": "gap between the probability of a count and how often it is recorded, over all counts",
    "brier": "squared distance of the distribution from what is recorded",
}
"""Every score of a calibration, the smaller the better, and its meaning as the README gives it."""

_BEFORE_COLOUR, _AFTER_COLOUR = "#8a8f98", "#1f5fa8"


class Calibrated(NamedTuple):
    """One set of bins before and after.

    Attributes:
        name: Name of the bins, for instance `test, 466 bins`.
        before: Probabilities of the counter, shape (N, C).
        after: The same calibrated, shape (N, C).
        recorded_class: Shape (N,).
    """

    name: str
    before: Floats
    after: Floats
    recorded_class: Ints


def calibration_table(scores: Mapping[str, Mapping[str, float]], title: str) -> Table:
    """Build a table of scores: a row for each, all of them better when smaller.

    Args:
        scores: Heading of each column, for instance `test before`, to its scores by name.
        title: Title of the table or picture.
    """
    table = build_table(title)
    table.add_column("metric", no_wrap=True)
    for heading in scores:
        table.add_column(heading, justify="right")
    for name in CALIBRATION_MEANINGS:
        values = (column[name] for column in scores.values())
        table.add_row(f"{name} ↓", *map(write_number, values))
    return table


def plot_calibration(parts: Sequence[Calibrated], title: str, path: Path) -> None:
    """Draw, for each set of bins, how often counts of each probability are recorded.

    It includes all counts of all bins, not only the likeliest ones, to which a weak counter gives nearly the
    same probability everywhere.

    Args:
        parts: A column of panels for each.
        title: Title of the table or picture.
        path: File that ends in `.png`.
    """
    figure = Figure(figsize=(4.4 * len(parts) + 0.2, 6.2), layout="constrained")
    panels = figure.subplots(2, len(parts), sharex=True, squeeze=False, height_ratios=[3, 1])
    limit = max(_draw_bands(upper, part) for upper, part in zip(panels[0], parts, strict=True))
    for axes, part in zip(panels[1], parts, strict=True):
        _draw_probabilities(axes, part)
    for axes in panels[0]:
        axes.set(xlim=(0, limit), ylim=(0, limit))
    panels[0, 0].set_ylabel("share of bins recorded so")
    panels[1, 0].set_ylabel("share of counts")
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    save_figure(figure, path)


def _draw_bands(axes: Axes, part: Calibrated) -> float:
    """Draw both lines; return the upper limit that the axes need."""
    is_recorded = np.arange(part.before.shape[1]) == part.recorded_class[:, None]
    axes.plot([0, 1], [0, 1], ls="--", lw=1, color="#555555", label="share = probability")
    reach = 0.0
    for label, colour, probabilities in (
        ("before", _BEFORE_COLOUR, part.before),
        ("after", _AFTER_COLOUR, part.after),
    ):
        bands = cut_bands(probabilities.ravel(), is_recorded.ravel())
        error = classwise_ece(probabilities, part.recorded_class)
        text = f"{label}, classwise ECE {error:.3f}"
        axes.plot(bands.probability, bands.share, "o-", ms=4, lw=1.2, color=colour, label=text)
        reach = max(reach, *bands.probability, *bands.share)
    add_legend_above(axes, part.name)
    tidy(axes)
    return min(1.0, 1.1 * reach)


def _draw_probabilities(axes: Axes, part: Calibrated) -> None:
    for colour, probabilities in ((_BEFORE_COLOUR, part.before), (_AFTER_COLOUR, part.after)):
        shares, edges = np.histogram(probabilities, bins=40, range=(0, 1))
        axes.stairs(shares / max(1, probabilities.size), edges, color=colour, lw=1.4)
    axes.set_xlabel("probability given to a count")
    axes.set_ylim(bottom=0)
    tidy(axes)
