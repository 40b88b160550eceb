"""Calibration of a counter's probabilities, with the likelihoods and count sets that follow from it.

NumPy alone: neither torch nor Lightning is loaded here. Class `i` of C stands for the count `min_count + i`.
"""

from binrecon.calibration.conformal import count_sets, name_count_sets
from binrecon.calibration.scaling import Calibration, fit_calibration
from binrecon.calibration.store import read_calibration, write_calibration

__all__ = [
    "Calibration",
    "count_sets",
    "fit_calibration",
    "name_count_sets",
    "read_calibration",
    "write_calibration",
]
