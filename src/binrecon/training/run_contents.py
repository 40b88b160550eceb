"""The JSON files of a run, checked as they are read: a program reads them, so each key has one type."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime

Check = Callable[[object], bool]


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_metadata(content: Mapping[str, object]) -> None:
    """Check the keys of a `run.json` that are read.

    Raises:
        ValueError: With the key, what it holds and what it may hold.
    """
    for key, (is_allowed, allowed) in _METADATA.items():
        if key in content:
            _check(key, content[key], is_allowed, allowed)


def check_results(content: Mapping[str, object]) -> None:
    """Check a `metrics.json`.

    Raises:
        ValueError: With the key, what it holds and what it may hold.
    """
    for key, (is_allowed, allowed) in _RESULTS.items():
        _check(key, content.get(key), is_allowed, allowed)
    judged = str(content["judged_split"])
    _check(judged, content.get(judged), _is_scores, _SCORES)


def _check(key: str, value: object, is_allowed: Check, allowed: str) -> None:
    if not is_allowed(value):
        text = repr(value)
        raise ValueError(f"{key}: must be {allowed}, got {text if len(text) <= 60 else text[:57] + '...'}")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_git(value: object) -> bool:
    return value is None or (
        isinstance(value, dict)
        and isinstance(value.get("commit"), str)
        and isinstance(value.get("is_dirty"), bool)
    )


def _is_scores(value: object) -> bool:
    return isinstance(value, dict) and all(score is None or is_number(score) for score in value.values())


def _is_coverage(value: object) -> bool:
    if not isinstance(value, dict) or value.keys() != {"name", "usable", "listed"}:
        return False
    counts = [value["usable"], value["listed"]]
    return isinstance(value["name"], str) and all(
        isinstance(bins, dict) and all(map(is_whole, bins.values())) for bins in counts
    )


_SCORES = "numbers by name, or null for those that have no value"
_TEXT = (_is_text, "text")
_OBJECT = (lambda value: isinstance(value, dict), "an object {…}")
_METADATA: dict[str, tuple[Check, str]] = {
    "overrides": (
        lambda value: isinstance(value, list) and all(map(_is_text, value)),
        "a list of texts KEY=VALUE",
    ),
    "command": _TEXT,
    "started": (_is_time, "a time, as 2026-11-23T12:00:00+00:00"),
    "seed": (is_whole, "a whole number"),
    "git": (_is_git, "null or an object with commit and is_dirty"),
    "packages": _OBJECT,
    "job": (lambda value: value is None or _is_text(value), "null or text"),
    "weights_hash": _TEXT,
    "manifest_hash": _TEXT,
    "split": (_is_coverage, "an object with name, and usable and listed bins of each split"),
    "seconds": (lambda value: is_number(value) and float(value) >= 0, "a number, at least 0"),  # type: ignore[arg-type]  # a number by then
    "epochs": (is_whole, "a whole number"),
    "ended_early": _TEXT,
    "wandb": _OBJECT,
}
_RESULTS: dict[str, tuple[Check, str]] = {
    "best_epoch": (lambda value: is_whole(value) and int(value) >= 1, "a whole number, at least 1"),  # type: ignore[call-overload]  # a whole number by then
    "judged_split": (lambda value: value in ("val", "test"), "val or test"),
    "val": (_is_scores, _SCORES),
    "majority_count": (is_whole, "a whole number"),
    "baselines": (
        lambda value: (
            isinstance(value, dict) and "majority" in value and all(map(_is_scores, value.values()))
        ),
        "an object with the scores of majority",
    ),
}
