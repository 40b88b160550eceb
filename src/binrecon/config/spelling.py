"""What a mistyped word was probably meant to be."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Return ` Did you mean '…'?` (after a full stop) for the closest allowed word, or nothing."""
    close = difflib.get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    return f". Did you mean '{close[0]}'?" if close else ""
