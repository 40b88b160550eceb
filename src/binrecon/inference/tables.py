"""Table of predictions from log-probabilities of counts."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from binrecon.calibration import Calibration
from binrecon.calibration.conformal import count_sets, name_count_sets
from binrecon.models.decoding import argmax_count, mean_class


def tabulate(
    names: Sequence[str],
    log_probabilities: NDArray[np.float64],
    min_count: int,
    calibration: Calibration | None,
    coverage: float,
) -> pd.DataFrame:
    """Calibrate the log-probabilities of a counter, and return the predicted counts.

    Args:
        names: Names of N photos.
        log_probabilities: Of the counts, not calibrated, shape (N, C); a row is NaN throughout if its photo
            could not be read.
        min_count: Count of the first class.
        calibration: Of the counter; None if it has none.
        coverage: Fraction of bins whose count their count set should contain.

    Returns:
        The table of `Counter.predict`, without `error`.
    """
    is_read = ~np.isnan(log_probabilities).any(axis=1)
    rows = log_probabilities[is_read]
    if calibration is not None:
        rows = calibration.apply(rows)
    probabilities = torch.from_numpy(np.exp(rows))
    found: dict[str, object] = {
        "predicted_count": argmax_count(probabilities, min_count).numpy(),
        "mean_count": (mean_class(probabilities) + min_count).numpy(),
        **{f"p_{min_count + place}": column.numpy() for place, column in enumerate(probabilities.T)},
    }
    if calibration is not None:
        found["count_set"] = name_count_sets(count_sets(rows, calibration, coverage), min_count)
    table = pd.DataFrame(found, index=np.flatnonzero(is_read)).reindex(range(len(names)))
    table = table.astype({"predicted_count": "Int64"})
    table.insert(0, "photo", pd.Series(list(names), dtype="str"))
    table["calibration"] = "none" if calibration is None else calibration.method
    return table
