import json
import re
from pathlib import Path

import pytest

from binrecon.errors import RecordError
from binrecon.manifest.record import Item, Record, parse_record

ENTRY = {"asin": "B001", "name": "Cup", "quantity": 2}


def encode(count: object = 2, items: object = None) -> bytes:
    return json.dumps(
        {"EXPECTED_QUANTITY": count, "BIN_FCSKU_DATA": {"B001": ENTRY} if items is None else items}
    ).encode()


def with_entry(**changes: object) -> bytes:
    return encode(items={"B001": {**ENTRY, **changes}})


def without(key: str) -> bytes:
    return encode(items={"B001": {name: value for name, value in ENTRY.items() if name != key}})


def test_parse_record() -> None:
    assert parse_record(encode()) == Record(2, (Item("B001", "Cup", 2),))


def test_parse_record__empty_bin() -> None:
    record = parse_record(encode(0, {}))
    assert record == Record(0, ())
    assert not record.is_contradictory


def test_parse_record__nulls_are_normal() -> None:
    nulls = dict.fromkeys(["name", "normalizedName", "weight", "height", "length", "width"])
    assert parse_record(with_entry(**nulls)) == Record(2, (Item("B001", None, 2),))


def test_parse_record__other_schema_of_the_unpadded_series() -> None:
    content = json.dumps({**json.loads(encode()), "image_fname": "523.jpg"}).encode()
    assert parse_record(content) == parse_record(encode())


@pytest.mark.parametrize("asin", [None, ""])
def test_parse_record__key_stands_in_for_the_asin(asin: str | None) -> None:
    assert parse_record(with_entry(asin=asin)).items[0].asin == "B001"


def test_parse_record__asin_before_key() -> None:
    record = parse_record(encode(items={"ZZXI0WUSIB": {**ENTRY, "asin": "0307981584"}}))
    assert record.items[0].asin == "0307981584"


def test_parse_record__missing_asin_and_empty_key() -> None:
    assert parse_record(encode(items={"": {"quantity": 2}})) == Record(2, (Item(None, None, 2),))


def test_parse_record__names_are_decoded_once() -> None:
    assert parse_record(with_entry(name="Caf\u00e9&reg; &amp;lt;")).items[0].name == "Caf\u00e9\u00ae &lt;"


def test_parse_record__byte_order_mark() -> None:
    assert parse_record(b"\xef\xbb\xbf" + encode()) == parse_record(encode())


def test_parse_record__zero_quantity() -> None:
    assert parse_record(encode(0, {"B001": {**ENTRY, "quantity": 0}})) == Record(0, (Item("B001", "Cup", 0),))


def test_parse_record__contradiction_is_no_error() -> None:
    record = parse_record(encode(5))
    assert record.is_contradictory
    assert (record.recorded_count, record.item_sum) == (5, 2)


REFUSED = {
    "empty": (b"", "the file is empty"),
    "html": (b"<html>", "not JSON: Expecting value at line 1, column 1"),
    "cut off": (encode()[:-1], "not JSON: Expecting ',' delimiter at line 1, column 100"),
    "not utf-8": (b'{"a": "\xe9"}', "not JSON: byte 7 is not UTF-8"),
    "list": (b"[]", "it is a list, not an object"),
    "null": (b"null", "it is null, not an object"),
    "too large": (b" " * 10_000_001, "it has 10,000,001 bytes, more than the 10,000,000 allowed"),
    "deep list": (b"[" * 100_000, "it is nested too deeply"),
    "deep object": (b'{"a":' * 100_000, "it is nested too deeply"),
    "endless number": (b"1" * 5000, "it holds a number of thousands of digits"),
    "no count": (b'{"BIN_FCSKU_DATA": {}}', "EXPECTED_QUANTITY is missing"),
    "empty object": (b"{}", "EXPECTED_QUANTITY is missing"),
    "null count": (encode(None), "EXPECTED_QUANTITY is null, not a whole number"),
    "text count": (encode("2"), "EXPECTED_QUANTITY is the text '2', not a whole number"),
    "float count": (encode(2.0), "EXPECTED_QUANTITY is the number 2.0, not a whole number"),
    "nan count": (encode(float("nan")), "EXPECTED_QUANTITY is the number nan, not a whole number"),
    "true count": (encode(True), "EXPECTED_QUANTITY is true, not a whole number"),
    "negative count": (encode(-1), "EXPECTED_QUANTITY is negative"),
    "huge count": (encode(2**31), "EXPECTED_QUANTITY is above 2,147,483,647"),
    "no items": (b'{"EXPECTED_QUANTITY": 0}', "BIN_FCSKU_DATA is missing"),
    "null items": (
        b'{"EXPECTED_QUANTITY": 0, "BIN_FCSKU_DATA": null}',
        "BIN_FCSKU_DATA is null, not an object",
    ),
    "list items": (encode(0, []), "BIN_FCSKU_DATA is a list, not an object"),
    "number item": (encode(items={"B001": 2}), "item 'B001' is the number 2, not an object"),
    "null item": (encode(items={"B001": None}), "item 'B001' is null, not an object"),
    "no quantity": (without("quantity"), "item 'B001': quantity is missing"),
    "null quantity": (with_entry(quantity=None), "item 'B001': quantity is null, not a whole number"),
    "false quantity": (with_entry(quantity=False), "item 'B001': quantity is false, not a whole number"),
    "negative quantity": (with_entry(quantity=-2), "item 'B001': quantity is negative"),
    "object quantity": (with_entry(quantity={}), "item 'B001': quantity is an object, not a whole number"),
    "number asin": (
        with_entry(asin=307981584),
        "item 'B001': asin is the number 307981584, neither text nor null",
    ),
    "list name": (with_entry(name=[]), "item 'B001': name is a list, neither text nor null"),
    "half a surrogate": (with_entry(name="\ud800"), "item 'B001': name is not valid Unicode"),
    "half a surrogate as key": (
        encode(items={"\ud800": {"quantity": 2}}),
        r"item '\ud800' is not valid Unicode",
    ),
    "long key": (encode(items={"x" * 99: 0}), f"item '{'x' * 40}\\u2026' is the number 0, not an object"),
    "repeated item": (
        b'{"EXPECTED_QUANTITY": 1, "BIN_FCSKU_DATA": {"a": {"quantity": 1}, "a": {"quantity": 0}}}',
        "the key 'a' stands more than once in one object",
    ),
    "too many items": (
        encode(0, dict.fromkeys(map(str, range(100_001)))),
        "BIN_FCSKU_DATA has 100,001 items, more than the 100,000 allowed",
    ),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED)
def test_parse_record__refused(content: bytes, reason: str) -> None:
    with pytest.raises(RecordError, match=f"^{re.escape(reason)}$"):
        parse_record(content)


def test_parse_record__as_many_items_as_allowed() -> None:
    content = encode(0, {str(number): {"quantity": 0} for number in range(100_000)})
    assert len(parse_record(content).items) == 100_000


def test_parse_record__real_records(real_squashed: Path) -> None:
    records = [parse_record(path.read_bytes()) for path in sorted((real_squashed / "metadata").iterdir())]
    assert len(records) == 3028
    assert sum(record.is_contradictory for record in records) == 3
    assert sum(item.name is None for record in records for item in record.items) == 2
