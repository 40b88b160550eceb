"""A panel's legend where no data can lie under it."""

from matplotlib.axes import Axes


def add_legend_above(axes: Axes, title: str) -> None:
    """Put the legend of a panel above it, below its title, both on the left.

    Args:
        axes: Whose figure is laid out by `constrained`, which makes room.
        title: What the panel shows.
    """
    axes.legend(
        title=title, alignment="left", loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2,
        borderpad=0, frameon=False, fontsize=8, title_fontsize=10,
    )  # fmt: skip
