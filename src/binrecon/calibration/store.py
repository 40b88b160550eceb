"""A calibration as a small file beside the counter that it is of."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from binrecon.calibration.interval_scores import ConformalScores
from binrecon.calibration.scaling import Calibration
from binrecon.config.calibration_words import METHOD_WORDS
from binrecon.errors import CalibrationError
from binrecon.json_file import read_object
from binrecon.whole_file import write_json

_VERSION = 1

_SCALES, _SHIFTS = (1e-3, 1e3), (-1e4, 1e4)
"""Well beyond what a fit finds; log-probabilities times a scale stay finite."""

_SUM_TOLERANCE = 1e-6
"""Largest distance from 1 of the sum of float64 shares."""


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
        CalibrationError: If there is no such file, it is none of ours, or a value is out of range.
    """
    if not path.exists():
        raise CalibrationError(
            f"the run '{path.parent}' has no calibration ({path.name}), so nobody knows how far its "
            f"probabilities can be trusted; make one with: binrecon calibrate {path.parent}"
        )
    try:
        content = read_object(path)
        if content.get("version") != _VERSION:
            raise ValueError(f"it is not of version {_VERSION}")
        return _build(content)
    except (OSError, KeyError, TypeError, ValueError, OverflowError) as error:
        said = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise CalibrationError(
            f"'{path}' is no calibration that this version can read ({said}); "
            f"make it anew with: binrecon calibrate {path.parent}"
        ) from error


def _build(content: dict[str, Any]) -> Calibration:
    if content["method"] not in METHOD_WORDS:
        raise ValueError(f"method '{content['method']}' is none of {', '.join(METHOD_WORDS)}")
    scale = _read_numbers(content, "scale", *_SCALES)
    shift = _read_numbers(content, "shift", *_SHIFTS)
    shares = _read_numbers(content, "train_shares", 0, 1)
    if not len(scale) == len(shift) == len(shares) >= 2:  # no counter answers a single count
        raise ValueError("scale, shift and train_shares are not of one length, at least 2")
    if abs(math.fsum(shares) - 1) > _SUM_TOLERANCE:
        raise ValueError(f"train_shares: must sum to 1, got {math.fsum(shares)}")
    bins = _read_whole(content, "bins", 1)
    return Calibration(
        method=content["method"],
        min_count=_read_whole(content, "min_count", 0),
        scale=scale,
        shift=shift,
        train_shares=shares,
        conformal=_build_conformal(content["conformal"], bins),
        bins=bins,
    )


def _build_conformal(content: dict[str, Any], bins: int) -> ConformalScores:
    """Build the scores of as many bins as the calibration was fitted to."""
    if not isinstance(content, dict):
        raise TypeError(f"conformal: must be an object {{…}}, got {type(content).__name__}")
    if _read_whole(content, "bins", 1) != bins:
        raise ValueError(f"conformal.bins: must be {bins}, as bins, got {content['bins']}")
    scores = _read_numbers(content, "scores", 0, 1 + _SUM_TOLERANCE)
    ranks = content["ranks"]
    if not isinstance(ranks, list) or not all(type(rank) is int for rank in ranks):
        raise ValueError("conformal.ranks: must be a list of whole numbers")
    if not ranks or len(ranks) != len(scores):
        raise ValueError("conformal.ranks and conformal.scores are empty or not of one length")
    rises = all(low < high for low, high in pairwise(ranks))
    if not (rises and ranks[0] >= 1 and ranks[-1] == bins):
        raise ValueError(f"conformal.ranks: must rise from 1 or more to bins={bins}")
    if list(scores) != sorted(scores):
        raise ValueError("conformal.scores: must not fall")
    return ConformalScores(bins, tuple(ranks), scores)


def _read_numbers(content: dict[str, Any], key: str, least: float, most: float) -> tuple[float, ...]:
    values = content[key]
    if not isinstance(values, list):
        raise TypeError(f"{key}: must be a list of numbers, got {type(values).__name__}")
    for value in values:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number and least <= value <= most):  # NaN is not
            raise ValueError(f"{key}: each must be a number from {least:g} to {most:g}, got {value!r}")
    return tuple(map(float, values))


def _read_whole(content: dict[str, Any], key: str, least: int) -> int:
    value = content[key]
    if type(value) is not int or value < least:
        raise ValueError(f"{key}: must be a whole number, at least {least}, got {value!r}")
    return value
