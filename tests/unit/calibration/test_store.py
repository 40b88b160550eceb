import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from binrecon.calibration import Calibration, fit_calibration, read_calibration, write_calibration
from binrecon.errors import CalibrationError


@pytest.fixture
def calibration(draw_bins: Callable[..., tuple[np.ndarray, np.ndarray]]) -> Calibration:
    honest, recorded = draw_bins(100)
    return fit_calibration(honest, recorded + 1, min_count=1, train_shares=np.full(6, 1 / 6), method="vector")


def test_read_calibration__is_what_was_written_to_the_last_bit(
    calibration: Calibration, tmp_path: Path
) -> None:
    write_calibration(tmp_path / "calibration.json", calibration)

    assert read_calibration(tmp_path / "calibration.json") == calibration


def test_read_calibration__missing(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError) as caught:
        read_calibration(tmp_path / "calibration.json")

    assert str(caught.value) == (
        f"the run '{tmp_path}' has no calibration (calibration.json), so nobody knows how far its probabilities can "
        f"be trusted; make one with: binrecon calibrate {tmp_path}"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 2}, "it is not of version 1"),
        ({"method": "isotonic"}, "method 'isotonic' is none of none, temperature, vector"),
        ({"scale": [1.0]}, "scale, shift and train_shares are not of one length, at least 2"),
        ({"scale": None}, "scale: must be a list of numbers, got NoneType"),
        *[
            ({"scale": [bad] * 6}, f"scale: each must be a number from 0.001 to 1000, got {bad!r}")
            for bad in (math.nan, math.inf, -1.0, 0, 10**400, True, "1")
        ],
        ({"shift": [math.nan] * 6}, "shift: each must be a number from -10000 to 10000, got nan"),
        (
            {"train_shares": [-0.5, 1.5, 0, 0, 0, 0]},
            "train_shares: each must be a number from 0 to 1, got -0.5",
        ),
        ({"train_shares": [0.5] * 6}, "train_shares: must sum to 1, got 3.0"),
        ({"min_count": -1}, "min_count: must be a whole number, at least 0, got -1"),
        ({"min_count": 0.5}, "min_count: must be a whole number, at least 0, got 0.5"),
        ({"bins": 0}, "bins: must be a whole number, at least 1, got 0"),
        (
            {"conformal": {"bins": 0, "ranks": [1], "scores": [0.5]}},
            "bins: must be a whole number, at least 1, got 0",
        ),
        (
            {"conformal": {"bins": 3, "ranks": [3], "scores": [0.5]}},
            "conformal.bins: must be 100, as bins, got 3",
        ),
        (
            {"conformal": {"bins": 100, "ranks": [100], "scores": []}},
            "conformal.ranks and conformal.scores are empty or not of one length",
        ),
        (
            {"conformal": {"bins": 100, "ranks": [2, 1, 100], "scores": [0, 0, 0]}},
            "conformal.ranks: must rise from 1 or more to bins=100",
        ),
        (
            {"conformal": {"bins": 100, "ranks": [1, 100], "scores": [0.5, 0.25]}},
            "conformal.scores: must not fall",
        ),
        (
            {"conformal": {"bins": 100, "ranks": [100], "scores": [math.nan]}},
            "scores: each must be a number from 0 to 1, got nan",
        ),
        ({"conformal": {}}, "it has no 'bins'"),
        ({"conformal": None}, "conformal: must be an object {…}, got NoneType"),
    ],
)
def test_read_calibration__not_ours(
    calibration: Calibration, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    path = tmp_path / "calibration.json"
    write_calibration(path, calibration)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))

    with pytest.raises(CalibrationError) as caught:
        read_calibration(path)

    assert str(caught.value) == (
        f"'{path}' is no calibration that this version can read ({reason}); "
        f"make it anew with: binrecon calibrate {tmp_path}"
    )


def test_read_calibration__not_json(tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_text("{")

    with pytest.raises(CalibrationError, match="is no calibration that this version can read"):
        read_calibration(tmp_path / "calibration.json")
