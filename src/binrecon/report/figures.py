"""Parts that figures share: panels, legends, ticks in percent.

Figures are made by hand, without pyplot: no display, no global state, safe beside a training run.
"""

from collections.abc import Sequence
from typing import Literal

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

TICK_STEPS = [1, 2, 2.5, 5, 10]
"""Distances of ticks, times a power of ten."""


def tidy(panel: Axes, grid: Literal["both", "x", "y"] = "both") -> None:
    """Draw a panel without its upper and right frame, and with a light grid behind the data."""
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(axis=grid, color="#dddddd", lw=0.6)
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=8)


def format_share(share: float, _position: float | None = None) -> str:
    """Write a tick in percent."""
    return f"{100 * share:g} %"


def add_legend_above(axes: Axes, title: str) -> None:
    """Put the legend of a panel above it, where it hides no data, below its title, both on the left.

    Args:
        axes: Panel of a figure whose layout is `constrained`, which makes room.
        title: Title of the panel.
    """
    axes.legend(
        title=title, alignment="left", loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2,
        borderpad=0, frameon=False, fontsize=8, title_fontsize=10,
    )  # fmt: skip


def add_shared_legend(figure: Figure, panels: Sequence[Axes], columns: int | None = None) -> None:
    """Put one legend for all panels above them, each label once; nothing where no panel has one.

    Args:
        figure: Figure whose layout is `constrained`.
        panels: Panels of the figure.
        columns: Labels in a row; by default as many as fit its width.
    """
    handles: dict[str, Artist] = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if not handles:
        return
    if columns is None:
        longest = max(map(len, handles))
        columns = max(1, min(len(handles), int(15 * figure.get_figwidth() / (longest + 8))))
    figure.legend(
        list(handles.values()), list(handles), loc="outside upper center", ncols=columns, frameon=False,
        fontsize=9,
    )  # fmt: skip
