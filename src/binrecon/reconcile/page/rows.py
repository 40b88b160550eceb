"""The bins of a reconciliation as one block of JSON that is safe inside an HTML page."""

import json
import re
from collections.abc import Mapping

import pandas as pd

MOST_ROWS = 50_000
"""Bins that a page holds, those that rank first; with more a browser would be slow to open it."""

DECISIONS = ("recount", "rephotograph", "not_judged", "confirm")
"""Columns of a bin, in the order in which the page's filter lists them."""

_COUNT_COLUMN = re.compile(r"p_(\d+)")

_TEXTS = ("bin_id", "reason", "pair_bin_id", "count_set")
_WHOLE_NUMBERS = ("rank", "recorded_count", "predicted_count", "likely_count")
_FRACTIONS = ("mean_count", "variance_probability", "expected_variance", "pair_change_probability")

_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""Characters that could end the block's element, begin a comment or end a line of script, as JSON escapes."""


def find_counts(table: pd.DataFrame) -> list[int]:
    """List the counts that the counter knows, smallest first: the numbers of the columns `p_0`, `p_1`, etc.

    >>> find_counts(pd.DataFrame(columns=["bin_id", "p_1", "p_10", "p_match", "p_2"]))
    [1, 2, 10]
    """
    matches = (_COUNT_COLUMN.fullmatch(str(column)) for column in table.columns)
    return sorted(int(match[1]) for match in matches if match)


def list_rows(table: pd.DataFrame) -> dict[str, list[object]]:
    """Turn the bins into one list for each column; what has no value is None.

    Numbers keep four decimals, and probabilities of counts are whole thousandths, which halves the block.

    Args:
        table: A reconciliation, sorted as it is to be shown, with the names of each bin's items as a list.

    Raises:
        ValueError: If a decision is none of `DECISIONS`.
    """
    columns: dict[str, list[object]] = {name: _list_texts(table[name]) for name in _TEXTS}
    columns["items"] = [None if names is None else [*map(_keep_text, names)] for names in table["items"]]
    columns["decision"] = [_index_decision(word) for word in table["decision"]]
    for name in _WHOLE_NUMBERS:
        columns[name] = [None if pd.isna(value) else int(value) for value in table[name]]
    for name in _FRACTIONS:
        columns[name] = [None if pd.isna(value) else round(float(value), 4) for value in table[name]]
    shares = (table[[f"p_{count}" for count in find_counts(table)]] * 1000).round()
    columns["shares"] = [
        None if any(map(pd.isna, row)) else [int(share) for share in row]
        for row in shares.to_numpy().tolist()
    ]
    return columns


def write_block(content: Mapping[str, object]) -> str:
    r"""Write JSON that cannot end the `<script>` it stands in, whatever its texts hold.

    >>> write_block({"name": "</script><!--"})
    '{"name":"\\u003c/script\\u003e\\u003c!--"}'
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda match: _UNSAFE[match[0]], text)


def _index_decision(word: str) -> int:
    if word not in DECISIONS:
        raise ValueError(f"decision: must be one of {', '.join(DECISIONS)}, got {word!r}")
    return DECISIONS.index(word)


def _list_texts(column: "pd.Series[str]") -> list[object]:
    return [None if pd.isna(value) else _keep_text(value) for value in column]


def _keep_text(value: object) -> str:
    """Return a text; half of a surrogate pair, which no file can hold, as `?`."""
    return str(value).encode(errors="replace").decode()
