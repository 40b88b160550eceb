"""Learning curves, confusion and reliability as PNG files."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from torch import Tensor

from binrecon.config.metric_names import MAIN_METRICS
from binrecon.metrics.functional import CountTally, ece
from binrecon.report.figures import TICK_STEPS, add_legend_above, add_shared_legend, format_share, tidy
from binrecon.report.png import save_figure
from binrecon.report.text import add_arrow, is_share, write_number

_PANELS_PER_ROW = 3
_FEW_EPOCHS = 12
_SPLIT_COLOURS = {"train": "#8a8f98", "val": "#1f5fa8"}
_BEST_COLOUR = "#c2571a"
_BAND_COLOUR = "#6d9bd1"
_NO_DATA_COLOUR = "#eeeeee"


def plot_learning_curves(history: pd.DataFrame, path: Path, best_epoch: int | None = None) -> None:
    """Draw each main metric over the epochs, training and validation in one panel.

    Args:
        history: One row for each epoch or more, with `epoch` and columns named `<split>/<metric>`; values
            that are missing or not finite are left out.
        path: File that ends in `.png`.
        best_epoch: Epoch of the best checkpoint; marked in every panel.

    Raises:
        ValueError: If no column holds a value of a declared metric in training or validation.
    """
    curves = {name: _find_curves(history, name) for name in MAIN_METRICS}
    names = sorted((name for name in curves if curves[name]), key=lambda name: name != "loss")
    if not names:
        raise ValueError(f"history: holds no value of train/loss, val/loss, …; columns are {list(history)}")
    row_count = -(-len(names) // _PANELS_PER_ROW)
    column_count = min(len(names), _PANELS_PER_ROW)
    figure = Figure(figsize=(3.6 * column_count + 0.2, 2.6 * row_count + 0.6), layout="constrained")
    panels = figure.subplots(row_count, column_count, squeeze=False).flatten().tolist()
    for panel, name in zip(panels, names, strict=False):
        _draw_curves(panel, name, curves[name], best_epoch)
    for panel in panels[len(names) :]:
        panel.axis("off")
    for panel in panels[max(0, len(names) - column_count) : len(names)]:
        panel.set_xlabel("epoch")
    add_shared_legend(figure, panels[: len(names)])
    save_figure(figure, path)


def _find_curves(history: pd.DataFrame, name: str) -> dict[str, pd.Series]:
    """Return the finite values of a metric over the epochs, for each split that has some."""
    curves = {}
    for split in _SPLIT_COLOURS:
        if f"{split}/{name}" in history:
            values = pd.Series(
                history[f"{split}/{name}"].to_numpy(float), index=history["epoch"].to_numpy(float)
            )
            values = values[np.isfinite(values)].sort_index()
            if len(values):
                curves[split] = values
    return curves


def _draw_curves(panel: Axes, name: str, curves: dict[str, pd.Series], best_epoch: int | None) -> None:
    for split, values in curves.items():
        marker = "o" if len(values) <= _FEW_EPOCHS else "none"
        colour = _SPLIT_COLOURS[split]
        panel.plot(values.index, values, ls="-", lw=1.6, marker=marker, ms=3.5, color=colour, label=split)
    if best_epoch is not None:
        label = f"best epoch ({best_epoch})"
        panel.axvline(best_epoch, color=_BEST_COLOUR, lw=1, ls="--", label=label)
        if "val" in curves:
            at_best = curves["val"][curves["val"].index == best_epoch]
            panel.plot(at_best.index, at_best, ls="none", marker="o", ms=5, color=_BEST_COLOUR, zorder=5)
    panel.set_title(add_arrow(name), fontsize=10, loc="left")
    if is_share(name):
        panel.yaxis.set_major_formatter(format_share)
    epochs = np.concatenate([values.index for values in curves.values()])
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1, steps=TICK_STEPS))
    panel.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=TICK_STEPS))
    if np.ptp(epochs) == 0:
        panel.set_xticks(epochs[:1])
        panel.set_xlim(epochs[0] - 1, epochs[0] + 1)
    tidy(panel, grid="y")


def plot_confusion(
    confusion: Tensor | NDArray[np.float64], min_count: int, path: Path, split: str = "test"
) -> None:
    """Draw a confusion matrix: colour and percent by recorded count, and the number of bins in each cell.

    Args:
        confusion: Number of bins by recorded count (rows) and predicted count (columns), shape (C, C).
        min_count: The count of class 0.
        path: File that ends in `.png`.
        split: Split of the bins.
    """
    bins = torch.as_tensor(confusion).detach().cpu().double().numpy()
    recorded = bins.sum(axis=1, keepdims=True)
    shares = np.divide(bins, recorded, out=np.full_like(bins, np.nan), where=recorded > 0)
    side = max(3.4, 0.72 * len(bins))
    figure = Figure(figsize=(side + 1.6, side + 0.9), layout="compressed")
    axes = figure.subplots()
    axes.set_facecolor(_NO_DATA_COLOUR)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _write_cells(axes, bins, shares)
    counts = [str(count) for count in range(min_count, min_count + len(bins))]
    axes.set_xticks(range(len(bins)), counts)
    axes.set_yticks(range(len(bins)), counts)
    axes.set(xlabel="predicted count", ylabel="recorded count")
    axes.set_title(f"{split}, {bins.sum():,.0f} bins", fontsize=10, loc="left")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, fraction=0.046, pad=0.02, format=format_share)
    bar.set_label("share of the recorded count")
    save_figure(figure, path)


def _write_cells(axes: Axes, bins: NDArray[np.float64], shares: NDArray[np.float64]) -> None:
    for row, column in np.ndindex(*bins.shape):
        share = shares[row, column]
        text, colour = "0", "#8a8f98"
        if share > 0:
            text = f"{100 * share:.0f} %\n{bins[row, column]:,.0f}"
            colour = "white" if share > 0.65 else "#222222"
        axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour, linespacing=1.25)


def plot_reliability(tally: CountTally, path: Path, split: str = "test") -> None:
    """Draw accuracy and number of bins by confidence.

    Args:
        tally: The sums of the scored bins.
        path: File that ends in `.png`.
        split: Split of the bins.
    """
    figure = Figure(figsize=(4.6, 5.8), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    size, confidence, correct = (
        part.detach().cpu().numpy() for part in (tally.band_size, tally.band_confidence, tally.band_correct)
    )
    size_or_nan = np.where(size > 0, size, np.nan)
    _draw_bands(upper, correct / size_or_nan, _BAND_COLOUR, "accuracy")
    upper.plot([0, 1], [0, 1], ls="--", lw=1, color="#555555", label="accuracy = confidence")
    dots = {"ms": 5, "mec": "white", "mew": 0.7, "color": _BEST_COLOUR}
    upper.plot(confidence / size_or_nan, correct / size_or_nan, "o", label="at the mean confidence", **dots)
    upper.set(ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    add_legend_above(upper, f"{split}, {size.sum():,.0f} bins, ECE {write_number(float(ece(tally)))}")
    _draw_bands(lower, size / max(size.sum(), 1), _SPLIT_COLOURS["train"], "share")
    lower.set(xlabel="confidence (largest probability)", ylabel="share of bins")
    lower.set_ylim(bottom=0)
    for axes in (upper, lower):
        axes.yaxis.set_major_formatter(format_share)
        axes.xaxis.set_major_formatter(format_share)
        tidy(axes, grid="y")
    save_figure(figure, path)


def _draw_bands(axes: Axes, heights: NDArray[np.float64], colour: str, label: str) -> None:
    edges = np.linspace(0, 1, len(heights) + 1)
    width = 1 / len(heights)
    axes.bar(edges[:-1], heights, width, align="edge", color=colour, edgecolor="white", label=label)
