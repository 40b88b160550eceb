"""Suggestions for mistyped names."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Return ` Did you mean '…'?` (after a full stop) for the closest allowed name, or nothing."""
    close = closest(word, allowed)
    return "" if close is None else f". Did you mean '{close}'?"


def closest(word: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed name that a mistyped one is closest to; None if none is close."""
    close = difflib.get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    return close[0] if close else None
