"""Numbers and tables as text."""

import math
from collections.abc import Mapping

from rich import box
from rich.table import Table
from rich.text import Text

from binrecon.config.metric_names import LOGGED_METRICS
from binrecon.console import get_console

NONE = "–"
"""Shown for a missing value."""

_ARROWS: Mapping[str, str] = {"max": "↑", "min": "↓"}


def is_share(metric: str) -> bool:
    """Return whether a metric is written in percent."""
    return LOGGED_METRICS[metric] == "max"


def add_arrow(name: str) -> str:
    """Add to a metric, with or without its split, the direction in which it gets better.

    >>> add_arrow("accuracy"), add_arrow("val/nll")
    ('accuracy ↑', 'val/nll ↓')
    """
    return f"{name} {_ARROWS[LOGGED_METRICS[name.rpartition('/')[2]]]}"


def write_score(metric: str, value: float) -> str:
    """Write the value of a metric: shares in percent, errors with three decimals, no value as a dash.

    >>> write_score("accuracy", 0.5593), write_score("rmse", 0.9013), write_score("nll", math.nan)
    ('55.9 %', '0.901', '–')
    """
    return write_share(value) if is_share(metric) else write_number(value)


def write_share(share: float) -> str:
    """Write a share in percent with one decimal, or a dash where there is none."""
    return NONE if math.isnan(share) else f"{100 * share:.1f} %"


def write_number(value: float) -> str:
    """Write a number with three decimals, or a dash where there is none."""
    return NONE if math.isnan(value) else f"{value:.3f}"


def build_table(title: str) -> Table:
    """Build an empty table with its title on the left; markup in the title is not interpreted."""
    return Table(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)


def print_wide(table: Table, columns: int) -> None:
    """Print a table at the width of the terminal; without a terminal, at up to `columns` characters."""
    console = get_console()
    (console if console.is_terminal else get_console(width=columns)).print(table)
