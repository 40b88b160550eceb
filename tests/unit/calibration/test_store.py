import json
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
        ({"method": "isotonic"}, "ValueError: method 'isotonic' is none of none, temperature, vector"),
        ({"scale": [1.0]}, "ValueError: scale, shift and train_shares are not of one length"),
        ({"scale": None}, "TypeError: 'NoneType' object is not iterable"),
        (
            {"conformal": {"bins": 3, "ranks": [1], "scores": []}},
            "ValueError: ranks and scores are not of one length",
        ),
        ({"conformal": {}}, "KeyError: 'scores'"),
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
