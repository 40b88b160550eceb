"""Photos and records side by side: a row for each bin that has a photo, or that the inventory lists."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from binrecon.errors import InventoryError
from binrecon.manifest.schema import SCHEMA, Status
from binrecon.reconcile.inventory import Inventory

BINS_SCHEMA = pa.schema(
    [
        SCHEMA.field("bin_id"),
        pa.field("recorded_count", pa.int64()),  # null if unknown
        pa.field("record_reason", pa.string()),  # what is wrong with the record; null if nothing is
        SCHEMA.field("items"),
        pa.field("sha256", pa.string()),  # of a photo that decodes, else null
        pa.field("photo_reason", pa.string()),  # why there is none; null if there is
        pa.field("has_photo", pa.bool_()),  # one that decodes or not
        pa.field("sharpness", pa.float32()),  # null unless the photo decodes
        pa.field("brightness", pa.float32()),
    ]
)
"""Bins as known before a counter sees them, sorted by `bin_id`."""

NOT_LISTED = "the inventory does not list this bin"
NO_PHOTO = "there is no photo"


def join_bins(facts: pa.Table, inventory: Inventory | None) -> pa.Table:
    """Join what is known of photos with what the inventory claims.

    Args:
        facts: A table of `FACTS_SCHEMA`, read with records.
        inventory: Takes the place of the records beside the photos; None leaves them.

    Returns:
        A table of `BINS_SCHEMA`. With an inventory, bins that have a record alone are left out: their
        records do not count.

    Raises:
        InventoryError: If not one bin of the inventory has a photo.
    """
    has_photo = pc.not_equal(pc.fill_null(facts["photo_status"], ""), str(Status.MISSING_PHOTO))
    decodes = pc.is_null(facts["photo_status"])
    bins = {
        "bin_id": facts["bin_id"],
        "recorded_count": facts["recorded_count"].cast(pa.int64()),
        "record_reason": facts["record_reason"],
        "items": facts["items"],
        "sha256": pc.if_else(decodes, facts["photo_sha256"], None),
        "photo_reason": facts["photo_reason"],
        "has_photo": has_photo,
        "sharpness": facts["photo_sharpness"],
        "brightness": facts["photo_brightness"],
    }
    table = pa.table(bins, schema=BINS_SCHEMA)
    return table if inventory is None else _take_inventory(table, inventory)


def _take_inventory(bins: pa.Table, inventory: Inventory) -> pa.Table:
    photographed = bins.filter(bins["has_photo"])
    if not pc.any(pc.is_in(photographed["bin_id"], value_set=inventory.bin_ids)).as_py():
        raise InventoryError(_describe_strangers(photographed["bin_id"], inventory))
    ids = pa.chunked_array([*photographed["bin_id"].chunks, *inventory.bin_ids.chunks], type=pa.string())
    ids = pa.chunked_array([pc.unique(ids).sort()])
    joined = bins.take(pc.index_in(ids, value_set=bins["bin_id"]))
    places = pc.index_in(ids, value_set=inventory.bin_ids)
    counts = pa.chunked_array([pa.array(inventory.recorded_counts)]).take(places)
    has_photo = pc.fill_null(joined["has_photo"], False)
    columns = {
        "bin_id": ids,
        "recorded_count": counts,
        "record_reason": pc.if_else(pc.is_null(places), NOT_LISTED, None),
        "photo_reason": pc.if_else(has_photo, joined["photo_reason"], NO_PHOTO),
        "has_photo": has_photo,
    }
    return pa.table([columns.get(name, joined[name]) for name in BINS_SCHEMA.names], schema=BINS_SCHEMA)


def _describe_strangers(photo_ids: pa.ChunkedArray, inventory: Inventory) -> str:
    listed, photo = inventory.bin_ids[0].as_py(), photo_ids[0].as_py() if len(photo_ids) else None
    lost = count_lost_zeros(photo_ids, inventory.bin_ids)
    hint = (
        f"{lost:,} would have one if leading zeros did not matter, but 523 and 00523 are two bins: "
        "a spreadsheet may have dropped them, so export the column as text"
        if lost
        else "its ids must be the photos' names without .jpg"
    )
    return (
        f"inventory: none of its {len(inventory.bin_ids):,} bins has a photo (its first is '{listed}', "
        f"the first photo is of '{photo}'); {hint}"
    )


def count_lost_zeros(photo_ids: pa.ChunkedArray, listed_ids: pa.ChunkedArray) -> int:
    """Count the listed bins without a photo that would have one if leading zeros did not matter."""
    without = listed_ids.filter(pc.invert(pc.is_in(listed_ids, value_set=photo_ids)))
    unlisted = photo_ids.filter(pc.invert(pc.is_in(photo_ids, value_set=listed_ids)))
    bare = pc.utf8_ltrim(unlisted, "0")
    return int(np.asarray(pc.is_in(pc.utf8_ltrim(without, "0"), value_set=bare)).sum())
