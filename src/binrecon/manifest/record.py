"""The JSON of one bin, read strictly: a record that says nothing certain is refused, never guessed at."""

import html
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from binrecon.errors import RecordError
from binrecon.sources.layout import MAX_BYTES

MAX_ITEMS = 100_000
"""The dataset's fullest bin holds 88 items."""

MAX_COUNT = 2**31 - 1
"""The manifest keeps counts in 32 bits."""

COUNT_KEY = "EXPECTED_QUANTITY"
ITEMS_KEY = "BIN_FCSKU_DATA"


@dataclass(frozen=True, slots=True)
class Item:
    """One product in a bin.

    Args:
        asin: Its catalogue number as text (ISBNs have leading zeros); the item's key where it gives none.
        name: Its name with HTML entities decoded once; about one in 4,000 has none.
        quantity: How many of it the record claims.
    """

    asin: str | None
    name: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Record:
    """The content of one record.

    Args:
        recorded_count: How many items lie in the bin; the dataset calls it `EXPECTED_QUANTITY`.
        items: The products, in the record's order; none for an empty bin.
    """

    recorded_count: int
    items: tuple[Item, ...]

    @property
    def item_sum(self) -> int:
        """The quantities of all items added up."""
        return sum(item.quantity for item in self.items)

    @property
    def is_contradictory(self) -> bool:
        """Return whether the recorded count is not what the items add up to."""
        return self.recorded_count != self.item_sum


def parse_record(content: bytes) -> Record:
    """Read the count and the items of a bin from the bytes of its record.

    Size, weight and every other key are not looked at, so it does not matter that they are often null.

    Raises:
        RecordError: If the bytes are not a bin record, or a count in it is missing or no whole number.
    """
    fields = _load_object(content)
    recorded_count = _take_count(fields, COUNT_KEY, COUNT_KEY)
    if ITEMS_KEY not in fields:
        raise RecordError(f"{ITEMS_KEY} is missing")
    entries = fields[ITEMS_KEY]
    if not isinstance(entries, dict):
        raise RecordError(f"{ITEMS_KEY} is {_name_kind(entries)}, not an object")
    if len(entries) > MAX_ITEMS:
        raise RecordError(f"{ITEMS_KEY} has {len(entries):,} items, more than the {MAX_ITEMS:,} allowed")
    items = tuple(_parse_item(key, entry) for key, entry in entries.items())
    return Record(recorded_count, items)


def _load_object(content: bytes) -> dict[str, Any]:
    """Decode a JSON object; its values are whatever JSON allows."""
    if len(content) > MAX_BYTES["record"]:
        raise RecordError(f"it has {len(content):,} bytes, more than the {MAX_BYTES['record']:,} allowed")
    if not content:
        raise RecordError("the file is empty")
    try:
        loaded = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_refuse_repeated_keys)
    except UnicodeDecodeError as error:
        raise RecordError(f"not JSON: byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise RecordError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecordError:
        raise
    except ValueError as error:
        raise RecordError("it holds a number of thousands of digits") from error
    except RecursionError as error:
        raise RecordError("it is nested too deeply") from error
    if not isinstance(loaded, dict):
        raise RecordError(f"it is {_name_kind(loaded)}, not an object")
    return loaded


def _refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object; plain `dict` would drop all but the last of equal keys."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        repeated, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise RecordError(f"the key {_quote(repeated)} stands more than once in one object")
    return fields


def _parse_item(key: str, entry: object) -> Item:
    label = f"item {_quote(key)}"
    if not isinstance(entry, dict):
        raise RecordError(f"{label} is {_name_kind(entry)}, not an object")
    name = _take_text(entry, "name", label)
    return Item(
        asin=_take_text(entry, "asin", label) or _check_text(key, label) or None,
        name=None if name is None else html.unescape(name),
        quantity=_take_count(entry, "quantity", f"{label}: quantity"),
    )


def _take_count(fields: Mapping[str, Any], key: str, label: str) -> int:
    if key not in fields:
        raise RecordError(f"{label} is missing")
    count = fields[key]
    if not isinstance(count, int) or isinstance(count, bool):
        raise RecordError(f"{label} is {_name_kind(count)}, not a whole number")
    if not 0 <= count <= MAX_COUNT:
        raise RecordError(f"{label} is {'negative' if count < 0 else f'above {MAX_COUNT:,}'}")
    return count


def _take_text(fields: Mapping[str, Any], key: str, label: str) -> str | None:
    text = fields.get(key)
    if text is None:
        return None
    if not isinstance(text, str):
        raise RecordError(f"{label}: {key} is {_name_kind(text)}, neither text nor null")
    return _check_text(text, f"{label}: {key}")


def _check_text(text: str, label: str) -> str:
    """Refuse half of a surrogate pair, which JSON can escape but no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RecordError(f"{label} is not valid Unicode") from error
    return text


def _quote(text: str) -> str:
    """Quote text of unknown length and content so that it fits a table cell."""
    return ascii(text if len(text) <= 40 else f"{text[:40]}…")


def _name_kind(value: object) -> str:
    """Name the kind of a JSON value, and its value where that is short."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}" if isinstance(value, float) or abs(value) < 10**9 else "a number"
        case str():
            return f"the text {_quote(value)}"
        case list():
            return "a list"
        case _:
            return "an object"
