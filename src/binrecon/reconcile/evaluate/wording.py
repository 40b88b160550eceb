"""Formats of an evaluation: shares, scores with their intervals, and tables."""

from collections.abc import Sequence

import numpy as np

from binrecon.calibration.arrays import Floats
from binrecon.reconcile.evaluate.summary import find_interval


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Write a table in Markdown, a line each."""
    return [f"| {' | '.join(cells)} |" for cells in (headings, ["---"] * len(headings), *rows)]


def interval(value: float, resampled: Floats, digits: int) -> str:
    """Write a score with the interval that its resamples give, a dash where it has no value.

    >>> interval(8.04, np.array([7.0, 7.0, 9.0, 9.0]), 1)
    '8.0 (7.0 to 9.0)'
    """
    if np.isnan(value):
        return "–"
    low, high = find_interval(resampled)
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def percent(share: float) -> str:
    """Write a share in percent.

    >>> percent(0.005), percent(0.2)
    ('0.5 %', '20 %')
    """
    return f"{round(100 * share, 6):g} %"
