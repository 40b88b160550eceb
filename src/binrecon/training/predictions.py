"""Predictions of a run for its bins, checked as they are read."""

from pathlib import Path

import numpy as np
import pandas as pd

from binrecon.checksums import check_file
from binrecon.errors import CheckpointError

_SUM_TOLERANCE = 1e-3
"""Largest distance from 1 of the sum of a bin's probabilities, kept as float32."""


def read_prediction_table(path: Path, counts: range) -> pd.DataFrame:
    """Read a table of predictions: a row for each bin, in order of their ids.

    Args:
        path: `predictions.parquet` or `val_predictions.parquet` of a run.
        counts: Those that are classes, in items.

    Returns:
        `bin_id`, `recorded_count`, `predicted_count` and `p_N` for each count, and what else the file has.

    Raises:
        DamagedRunError: If it is missing, or not as the run wrote it.
        CheckpointError: If columns or values are missing or out of range, or bins stand twice.
    """
    check_file(path)
    try:
        table = pd.read_parquet(path)
    except Exception as error:  # pyarrow and pandas raise errors of many families for a bad file
        raise _broken(path, " ".join(str(error).split())[:200]) from error
    wanted = ["bin_id", "recorded_count", "predicted_count", *(f"p_{count}" for count in counts)]
    if lacking := [name for name in wanted if name not in table]:
        raise _broken(path, f"it has no column {', '.join(lacking)}")
    if other := [name for name in wanted[1:] if not _holds_numbers(table[name], is_whole=name[:2] != "p_")]:
        raise _broken(path, f"{', '.join(other)} hold other values than numbers, or none")
    if table.empty or table["bin_id"].isna().any() or table["bin_id"].duplicated().any():
        raise _broken(path, "it has no bins, a bin twice, or a bin without a name")
    _check_values(path, table, wanted, counts)
    return table.sort_values("bin_id")


def _holds_numbers(column: pd.Series, *, is_whole: bool) -> bool:
    kinds = "iu" if is_whole else "f"
    return isinstance(column.dtype, np.dtype) and column.dtype.kind in kinds


def _check_values(path: Path, table: pd.DataFrame, wanted: list[str], counts: range) -> None:
    """Check that counts are classes, and that probabilities are some."""
    outside = {*table["recorded_count"].tolist(), *table["predicted_count"].tolist()} - set(counts)
    if outside:
        raise _broken(path, f"it has counts that are no classes: {sorted(outside)[:10]}")
    probabilities = table[wanted[3:]].to_numpy(np.float64)
    is_one = np.isfinite(probabilities).all(axis=1) & (probabilities >= 0).all(axis=1)
    is_one &= np.abs(probabilities.sum(axis=1, where=np.isfinite(probabilities)) - 1) <= _SUM_TOLERANCE
    if not is_one.all():
        bin_id = table["bin_id"].iloc[int(np.argmin(is_one))]
        raise _broken(path, f"the probabilities of bin '{bin_id}' are no distribution over the counts")


def _broken(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(
        f"'{path}' holds no predictions of a run ({reason}); put back a copy of it, or delete "
        f"'{path.parent}' and train again"
    )
