"""Subsets of the dataset: `subset=udacity`, `subset=sample:500`."""

import re
from typing import NamedTuple

from binrecon.config.spelling import did_you_mean
from binrecon.config.split_words import PUBLISHED_SPLITS

FETCHED = "fetched"
"""The bins that are in the local folder already."""

PADDED_DIGITS = 5
"""Ids of the main series are zero-padded to this many digits; fewer digits mark the bucket's other series."""

_EXAMPLES = (*PUBLISHED_SPLITS, "ids:FILE", "range:00001-00500", "sample:500", "all")
_WITH_ARGUMENT = ("ids", "range", "sample")


class Subset(NamedTuple):
    """Name of a subset, and the argument after its colon."""

    word: str
    argument: str = ""


def parse_subset(text: str) -> Subset:
    """Parse a value of `subset`.

    Raises:
        ValueError: If it is not a subset; the message states what is allowed.

    >>> parse_subset("sample:500")
    Subset(word='sample', argument='500')
    """
    word, _, argument = text.partition(":")
    if word not in (*PUBLISHED_SPLITS, *_WITH_ARGUMENT, "all", FETCHED) or (
        bool(argument) != (word in _WITH_ARGUMENT)
    ):
        hint = did_you_mean(text, _EXAMPLES)
        raise ValueError(f"'{text}' is no subset; for instance {', '.join(_EXAMPLES)}{hint}")
    if word == "sample" and not re.fullmatch(r"[1-9][0-9]*", argument):
        raise ValueError(f"sample:N takes a whole number of bins from 1 on, got '{argument}'")
    if word == "range":
        list_range(argument)
    return Subset(word, argument)


def list_range(text: str) -> list[str]:
    """List the ids of `FIRST-LAST`, both included.

    `523` and `00523` are different bins: both ends are of the series without leading zeros (1 to 4 digits) or
    both of the padded one.

    Raises:
        ValueError: If it is not a range; the message states what is allowed.

    >>> list_range("00009-00011")
    ['00009', '00010', '00011']
    >>> list_range("9-11")
    ['9', '10', '11']
    """
    match = re.fullmatch(r"([0-9]{1,9})-([0-9]{1,9})", text)
    if match is None:
        raise ValueError(f"range:FIRST-LAST takes two ids such as range:00001-00500, got '{text}'")
    first, last = match.groups()
    is_padded = {len(end) >= PADDED_DIGITS for end in (first, last)}
    if len(is_padded) > 1 or any(str(int(end)) != end for end in (first, last) if len(end) != PADDED_DIGITS):
        raise ValueError(
            f"range:{text}: '523' and '00523' are different bins; give both ends {PADDED_DIGITS} or more "
            "digits (the main series, 00001 to 535234), or both no leading zeros (the other, 1 to 1200)"
        )
    if int(first) > int(last):
        raise ValueError(f"range:{text}: holds no bin; write the smaller id first")
    width = PADDED_DIGITS if is_padded == {True} else 1
    return [f"{number:0{width}d}" for number in range(int(first), int(last) + 1)]
