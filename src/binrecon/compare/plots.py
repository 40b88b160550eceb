"""A leaderboard as points with intervals, and the learning curves of all groups in one plot."""

import io
from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from binrecon.compare.groups import Group
from binrecon.compare.leaderboard import Leaderboard, Pair
from binrecon.compare.wording import name_groups
from binrecon.report.figures import TICK_STEPS, add_shared_legend, format_share, tidy
from binrecon.report.png import write_figure
from binrecon.report.text import add_arrow, is_share

MOST_CURVES = 8
"""Groups whose curves can be told apart in one plot."""

LineStyle = str | tuple[float, tuple[float, ...]]

_COLOURS = ("#1f5fa8", "#c2571a", "#2e8b57", "#8e4a9e", "#b8860b", "#3aa6b9", "#b0306a", "#5c6370")
_DASHES: tuple[LineStyle, ...] = ("-", (0, (4, 2.5)), (0, (2.5, 1.5)), (0, (1, 1)))
"""Line styles in turn: a curve that lies below another one shows through."""
_DOT_COLOUR = "#6d9bd1"
_BEST_COLOUR = "#1f5fa8"
_MAJORITY_COLOUR = "#c2571a"
_CHANCE_COLOUR = "#8a8f98"


def draw_leaderboard(board: Leaderboard) -> bytes:
    """Draw each group's mean with its 95 % interval, its seeds as dots and the majority baseline as a line.

    The first panel shows how each group differs from the best one
    on the same bins. It is drawn if any two groups share bins.

    Returns:
        A PNG.
    """
    names = name_groups([row.group for row in board.rows], board.keys)
    metrics = board.shown_metrics
    label_width = 0.3 + 0.07 * max(map(len, names))
    height = 1.4 + 0.42 * len(names)
    pairs = board.pairs_of_best()
    columns = len(metrics) + bool(pairs)
    figure = Figure(figsize=(label_width + 2.7 * columns, height), layout="constrained")
    panels = figure.subplots(1, columns, sharey=True, squeeze=False).flatten().tolist()
    if pairs:
        _draw_differences(panels[0], board, pairs)
    for panel, metric in zip(panels[-len(metrics) :], metrics, strict=True):
        _draw_scores(panel, board, metric)
    figure.get_layout_engine().set(wspace=0.05)  # type: ignore[union-attr,call-arg]  # constrained, as asked for
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    add_shared_legend(figure, panels)
    return _to_png(figure)


def _draw_differences(panel: Axes, board: Leaderboard, pairs: Sequence[Pair]) -> None:
    places = {id(row.group): place for place, row in enumerate(board.rows)}
    scale, unit = (100, ", pp") if is_share(board.metric) else (1, "")
    for best in {places[id(pair.first)] for pair in pairs}:
        panel.annotate("the best", (0, best), (4, 0), textcoords="offset points", va="center", fontsize=8)
    for pair in pairs:
        place, difference = places[id(pair.second)], pair.difference
        colour = _BEST_COLOUR if difference.is_clear else _CHANCE_COLOUR
        ends = [-scale * difference.upper, -scale * difference.lower]
        panel.plot(ends, [place, place], color=colour, lw=2, solid_capstyle="butt")
        panel.plot(
            [-scale * difference.value], [place], ls="none", marker="D", ms=5.5, mec="white", mew=0.8,
            color=colour, zorder=4,
            label="difference from the best" if difference.is_clear else "difference that chance may explain",
        )  # fmt: skip
    panel.axvline(0, color="#333333", lw=1, zorder=1)
    panel.set_title(f"{board.metric}\nless the best's{unit}", fontsize=10, loc="left")
    _tidy_scores(panel)


def _draw_scores(panel: Axes, board: Leaderboard, metric: str) -> None:
    for place, row in enumerate(board.rows):
        mean, (lower, upper) = row.means[metric], row.intervals[metric]
        panel.plot(
            [lower, upper], [place, place], color=_BEST_COLOUR, lw=2, solid_capstyle="butt",
            label="95 % interval, bins and seeds",
        )  # fmt: skip
        seeds = [run.scores[metric] for run in row.group.runs]
        panel.plot(
            seeds, [place + 0.2] * len(seeds), ls="none", marker="o", ms=3.5, mew=0, alpha=0.8,
            color=_DOT_COLOUR, label="one seed",
        )  # fmt: skip
        panel.plot(
            [mean], [place], ls="none", marker="o", ms=6.5, mec="white", mew=0.8, color=_BEST_COLOUR,
            label="mean over seeds", zorder=4,
        )  # fmt: skip
        majority = row.group.runs[0].majority[metric]
        if np.isfinite(majority):
            panel.plot(
                [majority, majority], [place - 0.6, place + 0.6], color=_MAJORITY_COLOUR, lw=1.4, zorder=1,
                label="always the commonest count",
            )  # fmt: skip
    is_ranking = " (ranks)" if metric == board.metric else ""
    panel.set_title(f"{add_arrow(metric)}{is_ranking}", fontsize=10, loc="left")
    if is_share(metric):
        panel.xaxis.set_major_formatter(format_share)
    _tidy_scores(panel)


def _tidy_scores(panel: Axes) -> None:
    panel.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=TICK_STEPS))
    panel.margins(x=0.08)
    tidy(panel, grid="x")
    panel.spines["left"].set_visible(False)
    panel.tick_params(axis="y", length=0, labelsize=9)


def draw_curves(board: Leaderboard, histories: Mapping[int, Sequence[pd.DataFrame]]) -> bytes:
    """Draw losses, accuracy and RMSE over the epochs: the mean over seeds, in a band from lowest to highest.

    A curve ends with the first of its seeds. Where losses are on different scales, `nll` stands in for them.

    Args:
        board: Its best groups are drawn, `MOST_CURVES` at most.
        histories: `id` of each group to a table for each seed, with `epoch` and `<split>/<metric>`.

    Returns:
        A PNG.
    """
    groups = [row.group for row in board.rows if histories.get(id(row.group))]
    names = dict(zip(map(id, groups), name_groups(groups, board.keys), strict=True)) if groups else {}
    loss = "loss" if _share_a_loss(groups) else "nll"
    columns = (f"train/{loss}", f"val/{loss}", "val/accuracy", "val/rmse")
    figure = Figure(figsize=(9.6, 6.4), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True).flatten().tolist()
    for panel, column in zip(panels, columns, strict=True):
        for colour, dashes, group in zip(_COLOURS, cycle(_DASHES), groups[:MOST_CURVES], strict=False):
            _draw_band(panel, find_band(histories[id(group)], column), colour, dashes, names[id(group)])
        _tidy_curves(panel, column)
    for panel in panels[2:]:
        panel.set_xlabel("epoch", fontsize=9)
    if any(len(histories[id(group)]) > 1 for group in groups):
        figure.supxlabel("line: mean over seeds; band: lowest to highest seed", fontsize=8, color="#5c6370")
    add_shared_legend(figure, panels)
    return _to_png(figure)


def find_band(histories: Sequence[pd.DataFrame], column: str) -> pd.DataFrame:
    """Return mean, lowest and highest value over seeds, by epoch, for the epochs that all seeds have.

    Args:
        histories: A table for each seed.
        column: Name of the column; the result is empty if it is missing.

    Returns:
        Columns `mean`, `low` and `high`, by epoch.
    """
    curves = [table.set_index("epoch")[column] for table in histories if column in table]
    joined = pd.concat(curves, axis=1, join="inner") if curves else pd.DataFrame()
    joined = joined.replace([np.inf, -np.inf], np.nan).dropna().sort_index()
    return pd.DataFrame({"mean": joined.mean(axis=1), "low": joined.min(axis=1), "high": joined.max(axis=1)})


def _share_a_loss(groups: Sequence[Group]) -> bool:
    def loss_of(group: Group) -> set[str]:
        return {repr({k: v for k, v in run.settings.items() if k.startswith("loss.")}) for run in group.runs}

    return len(set().union(*map(loss_of, groups))) <= 1


def _draw_band(panel: Axes, band: pd.DataFrame, colour: str, dashes: LineStyle, name: str) -> None:
    epochs = band.index.to_numpy(float)
    if (band["high"] > band["low"]).any():
        low, high = band["low"].to_numpy(float), band["high"].to_numpy(float)
        panel.fill_between(epochs, low, high, color=colour, alpha=0.1, lw=0)
    panel.plot(
        epochs, band["mean"].to_numpy(float), color=colour, ls=dashes, lw=1.9,
        marker="o" if len(band) <= 1 else "none", ms=3.5, label=name,
    )  # fmt: skip


def _tidy_curves(panel: Axes, column: str) -> None:
    name = column.partition("/")[2]
    panel.set_title(add_arrow(column), fontsize=10, loc="left")
    if is_share(name):
        panel.yaxis.set_major_formatter(format_share)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1, steps=TICK_STEPS))
    panel.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=TICK_STEPS))
    tidy(panel, grid="y")


def _to_png(figure: Figure) -> bytes:
    file = io.BytesIO()
    write_figure(figure, file)
    return file.getvalue()
