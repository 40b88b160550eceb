from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from binrecon.calibration import Calibration, fit_calibration
from binrecon.reconcile.bins import BINS_SCHEMA


@pytest.fixture
def calibration() -> Calibration:
    """Of a counter of 0 to 3 items, trained on all of them but 3, that is right with 0.7."""
    recorded = np.arange(300) % 3
    rows = np.full((300, 4), 0.1)
    rows[np.arange(300), np.where(np.arange(300) % 10 < 7, recorded, (recorded + 1) % 3)] = 0.7
    shares = np.array([0.2, 0.3, 0.5, 0.0])
    return fit_calibration(np.log(rows), recorded, min_count=0, train_shares=shares, method="none")


def make_bins(recorded: Sequence[int | None], **columns: Sequence[object]) -> pa.Table:
    """Bins 00000, 00001, …, all with a photo of its own and without items, unless told otherwise."""
    count = len(recorded)
    values: dict[str, Sequence[object]] = {
        "bin_id": [f"{number:05d}" for number in range(count)],
        "recorded_count": recorded,
        "sha256": [f"hash {number}" for number in range(count)],
        "has_photo": [True] * count,
        "sharpness": [100.0] * count,
        "brightness": [90.0] * count,
        **columns,
    }
    return pa.table(
        [pa.array(values.get(field.name, [None] * count), field.type) for field in BINS_SCHEMA],
        schema=BINS_SCHEMA,
    )
