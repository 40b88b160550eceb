"""A calibration as a small file beside the counter that it is of."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from binrecon.calibration.interval_scores import ConformalScores
from binrecon.calibration.scaling import Calibration
from binrecon.config.calibration_words import METHOD_WORDS
from binrecon.errors import CalibrationError
from binrecon.whole_file import write_json

_VERSION = 1


def write_calibration(
    path: Path, calibration: Calibration, results: Mapping[str, object] | None = None
) -> None:
    """Write a calibration so that the file is whole or as it was.

    Args:
        path: The file.
        calibration: What is read back.
        results: What else is worth keeping with it, for people and other programs to read.
    """
    write_json(path, {"version": _VERSION, **asdict(calibration), **(results or {})})


def read_calibration(path: Path) -> Calibration:
    """Read what `write_calibration` wrote, to the last bit.

    Raises:
        CalibrationError: If there is no such file, or it is none of ours.
    """
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise CalibrationError(
            f"the run '{path.parent}' has no calibration ({path.name}), so nobody knows how far its "
            f"probabilities can be trusted; make one with: binrecon calibrate {path.parent}"
        ) from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        raise _unreadable(path, f"it is not of version {_VERSION}")
    try:
        return _build(content)
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(path, f"{type(error).__name__}: {error}") from error


def _unreadable(path: Path, reason: str) -> CalibrationError:
    return CalibrationError(
        f"'{path}' is no calibration that this version can read ({reason}); "
        f"make it anew with: binrecon calibrate {path.parent}"
    )


def _build(content: dict[str, Any]) -> Calibration:
    if content["method"] not in METHOD_WORDS:
        raise ValueError(f"method '{content['method']}' is none of {', '.join(METHOD_WORDS)}")
    floats = {name: tuple(map(float, content[name])) for name in ("scale", "shift", "train_shares")}
    if len({len(values) for values in floats.values()}) != 1:
        raise ValueError("scale, shift and train_shares are not of one length")
    conformal = content["conformal"]
    scores = tuple(map(float, conformal["scores"]))
    ranks = tuple(map(int, conformal["ranks"]))
    if len(scores) != len(ranks):
        raise ValueError("ranks and scores are not of one length")
    return Calibration(
        method=content["method"],
        min_count=int(content["min_count"]),
        conformal=ConformalScores(int(conformal["bins"]), ranks, scores),
        bins=int(content["bins"]),
        **floats,
    )
