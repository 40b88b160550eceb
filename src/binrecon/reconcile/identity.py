"""The name of a reconciliation, by which an audit is known to be of it."""

import hashlib

import numpy as np
import pandas as pd

_LENGTH = 12
"""Hexadecimal digits; two reconciliations of a billion would hardly share them."""

_PREFIX = "r"
"""Without a letter before it, one name of 140 is a number to a spreadsheet: 123456789e01, 123456789012."""


def name_reconciliation(table: pd.DataFrame) -> str:
    """Name a reconciliation by its bins, their recorded counts, decisions and ranks, whatever their order.

    Args:
        table: A row per bin: `bin_id`, `recorded_count`, `decision`, `rank` and `variance_probability`.

    >>> table = pd.DataFrame({"bin_id": ["00004"], "recorded_count": [2], "decision": ["recount"]})
    >>> name_reconciliation(table.assign(rank=1, variance_probability=0.25))
    'rf518be61fdbb'
    """
    ordered = table.sort_values("bin_id", kind="stable")
    digest = hashlib.sha256()
    for column in ("bin_id", "decision"):
        digest.update("\0".join(ordered[column].astype(str)).encode())
        digest.update(b"\0\0")
    for column in ("recorded_count", "rank"):
        digest.update(ordered[column].fillna(-1).to_numpy(np.dtype("<i8")).tobytes())
    digest.update(ordered["variance_probability"].fillna(-1).to_numpy(np.dtype("<f4")).tobytes())
    return _PREFIX + digest.hexdigest()[:_LENGTH]
