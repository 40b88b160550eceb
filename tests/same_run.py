"""Whether two runs brought the same, to the last bit."""

from pathlib import Path

import pandas as pd
import torch

from binrecon.training.checkpoints.files import read_checkpoint


def assert_same_run(one: Path, other: Path) -> None:
    """Compare the history, predictions and checkpoints of two run folders."""
    assert (one / "metrics.csv").read_bytes() == (other / "metrics.csv").read_bytes(), one
    predictions = [pd.read_parquet(run / "predictions.parquet") for run in (one, other)]
    pd.testing.assert_frame_equal(*predictions, check_exact=True, obj=str(one))
    for name in ("last.ckpt", "best.ckpt"):
        mine, theirs = (read_checkpoint(run / "checkpoints" / name)["state_dict"] for run in (one, other))
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[key], theirs[key]) for key in mine), f"{one} {name}"
