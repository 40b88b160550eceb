"""Style that all plots of a study share."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from binrecon.config.metric_names import Mode

BLUE, ORANGE, GREY, PLUM = "#1f5fa8", "#c2571a", "#8a8f98", "#b0306a"

LATER = LinearSegmentedColormap.from_list("later", ["#cfe0f3", BLUE, "#0b2545"])
"""From the first trial to the last."""

_MANY = 20
"""Values of which some may lie beyond the end of an axis, so that single bad ones do not hide all others."""

_REACH = 4
"""Reach of an axis beyond the best of many values, in distances of their median from it."""


def find_limits(values: Sequence[float], mode: Mode) -> tuple[float, float]:
    """Return the ends of an axis, which shows all of a few values, and of many those near the best.

    >>> [round(end, 2) for end in find_limits([1.0, 2.0], "min")]
    [0.94, 2.06]
    >>> [round(end, 2) for end in find_limits([1.0] + [2.0] * 25 + [1000.0], "min")]
    [0.76, 5.24]
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if len(finite) >= _MANY:
        median = float(np.median(finite))
        if mode == "min":
            high = min(high, low + _REACH * (median - low))
        else:
            low = max(low, high - _REACH * (high - median))
    margin = 0.06 * (high - low) or 0.01 * abs(high) or 0.01
    return low - margin, high + margin


def is_off(value: float, limits: tuple[float, float]) -> bool:
    """Return whether a value lies beyond the ends of an axis."""
    return not limits[0] <= value <= limits[1]


def is_log(distribution: BaseDistribution) -> bool:
    """Return whether a key is searched on a log scale."""
    return isinstance(distribution, FloatDistribution | IntDistribution) and distribution.log
