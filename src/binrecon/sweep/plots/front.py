"""Plot of the Pareto front of several objectives."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from optuna.trial import FrozenTrial

from binrecon.report.figures import add_shared_legend, tidy
from binrecon.report.text import add_arrow
from binrecon.sweep.plots.drawn import Drawn, mark_winner
from binrecon.sweep.plots.style import BLUE, GREY


def draw_front(all_drawn: Sequence[Drawn], front: Sequence[FrozenTrial]) -> Figure:
    """Draw the other objectives over the first one, and mark the Pareto front."""
    first, *others = all_drawn
    figure = Figure(figsize=(4.6 * len(others) + 0.4, 4.4), layout="constrained")
    panels = figure.subplots(1, len(others), squeeze=False).flatten().tolist()
    for panel, other in zip(panels, others, strict=True):
        points = [(first.value_of(trial), other.value_of(trial)) for trial in first.complete]
        best = sorted((first.value_of(trial), other.value_of(trial)) for trial in front)
        panel.plot(
            *zip(*points, strict=True), "o", ms=4.5, mew=0, alpha=0.6, color=GREY, label="other trials"
        )
        panel.plot(*zip(*best, strict=True), "o-" if len(others) == 1 else "o", ms=5.5, mec="white", mew=0.6,
                   lw=1, color=BLUE, label="none beats these")  # fmt: skip
        mark_winner(panel, first.value_of(first.winner), other.value_of(other.winner))
        panel.set_xlabel(add_arrow(first.name), fontsize=9)
        panel.set_title(add_arrow(other.name), fontsize=10, loc="left")
        tidy(panel)
    add_shared_legend(figure, panels[:1], columns=3)
    return figure
