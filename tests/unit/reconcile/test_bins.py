from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pytest

from binrecon.errors import InventoryError
from binrecon.manifest.facts import STAMPS_SCHEMA, BinFacts, Fault, PhotoFacts, tabulate_facts
from binrecon.manifest.photo_quality import PhotoQuality
from binrecon.manifest.record import Item, Record
from binrecon.manifest.schema import Status
from binrecon.reconcile.bins import BINS_SCHEMA, NO_PHOTO, NOT_LISTED, join_bins
from binrecon.reconcile.inventory import Inventory

SOUND = PhotoFacts(20, 10, 700, "hash", quality=PhotoQuality(5.0, 6.0))
CUT = PhotoFacts(None, None, 3, "x", Fault(Status.CORRUPT_PHOTO, "photo: cut off"))
ABSENT = PhotoFacts(fault=Fault(Status.MISSING_PHOTO, "there is no photo"))
CUPS = Record(2, (Item("B1", "Cup", 2),))


def tabulate(*facts: BinFacts) -> pa.Table:
    stamps = pa.Table.from_pylist([{"bin_id": one.bin_id} for one in facts], schema=STAMPS_SCHEMA)
    return tabulate_facts(facts, stamps)


def inventory(counts: Iterable[tuple[str, int]]) -> Inventory:
    ids, numbers = zip(*counts, strict=True)
    return Inventory(pa.chunked_array([pa.array(ids)]), np.array(numbers), ())


FACTS = tabulate(
    BinFacts("00001", SOUND, CUPS),
    BinFacts("00002", CUT, CUPS),
    BinFacts("00003", ABSENT, CUPS),
    BinFacts("00004", SOUND, None, Fault(Status.MISSING_RECORD, "there is no record")),
)


def test_join_bins__records_beside_the_photos() -> None:
    bins = join_bins(FACTS, None)
    assert bins.schema.equals(BINS_SCHEMA)
    assert bins.drop_columns(["items"]).to_pylist() == [
        {"bin_id": "00001", "recorded_count": 2, "record_reason": None, "sha256": "hash", "photo_reason": None, "has_photo": True, "sharpness": 5.0, "brightness": 6.0},
        {"bin_id": "00002", "recorded_count": 2, "record_reason": None, "sha256": None, "photo_reason": "photo: cut off", "has_photo": True, "sharpness": None, "brightness": None},
        {"bin_id": "00003", "recorded_count": 2, "record_reason": None, "sha256": None, "photo_reason": "there is no photo", "has_photo": False, "sharpness": None, "brightness": None},
        {"bin_id": "00004", "recorded_count": None, "record_reason": "there is no record", "sha256": "hash", "photo_reason": None, "has_photo": True, "sharpness": 5.0, "brightness": 6.0},
    ]  # fmt: skip


def test_join_bins__an_inventory_takes_the_place_of_records() -> None:
    bins = join_bins(FACTS, inventory([("9", 1), ("00004", 7), ("00001", 0)]))
    assert bins.schema.equals(BINS_SCHEMA)
    found = bins.select(["bin_id", "recorded_count", "record_reason", "sha256", "photo_reason", "has_photo"])
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        ("00001", 0, None, "hash", None, True),
        ("00002", None, NOT_LISTED, None, "photo: cut off", True),
        ("00004", 7, None, "hash", None, True),
        ("9", 1, None, None, NO_PHOTO, False),
    ]
    assert bins["items"].to_pylist()[0] == [{"asin": "B1", "name": "Cup", "quantity": 2}]


def test_join_bins__no_bin_of_the_inventory_has_a_photo() -> None:
    with pytest.raises(InventoryError) as caught:
        join_bins(FACTS, inventory([("1", 2), ("x", 3)]))
    assert str(caught.value) == (
        "inventory: none of its 2 bins has a photo (its first is '1', the first photo is of '00001'); "
        "1 would have one if leading zeros did not matter, but 523 and 00523 are two bins: "
        "a spreadsheet may have dropped them, so export the column as text"
    )


def test_join_bins__strangers() -> None:
    with pytest.raises(InventoryError, match=r"its ids must be the photos' names without \.jpg$"):
        join_bins(FACTS, inventory([("A-17", 2)]))
