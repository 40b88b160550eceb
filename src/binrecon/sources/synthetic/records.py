"""The record beside a photo, in the bucket's JSON."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from binrecon.sources.synthetic.layout import Item
from binrecon.sources.synthetic.skus import Sku

_INCHES = 0.99999999898
"""The bucket's lengths came from centimetres and are short by this factor: 7.9 stands as 7.899999991942."""


def build_record(items: Sequence[Item], surplus: int = 0, photo_name: str | None = None) -> bytes:
    """Write the record of a bin.

    Args:
        items: Items in the bin; copies of one SKU add up to its quantity.
        surplus: Items that the record claims in total beyond those: a contradiction.
        photo_name: File name of the photo, which the older schema of the unpadded bins has in place of
            `normalizedName`.
    """
    quantities = Counter(item.sku for item in items)
    record: dict[str, Any] = {
        "BIN_FCSKU_DATA": {
            sku.key: _describe_sku(sku, quantity, photo_name is None) for sku, quantity in quantities.items()
        },
        "EXPECTED_QUANTITY": len(items) + surplus,
    }
    if photo_name is not None:
        record["image_fname"] = photo_name
    return json.dumps(record, indent=4, sort_keys=True, ensure_ascii=False).encode()


def _describe_sku(sku: Sku, quantity: int, has_normalized_name: bool) -> dict[str, Any]:
    length, width, height = sorted((sku.width, sku.height, sku.depth), reverse=True)
    entry: dict[str, Any] = {
        "asin": sku.asin,
        "height": _measure(height if sku.has_size else None, "IN", _INCHES),
        "length": _measure(length if sku.has_size else None, "IN", _INCHES),
        "name": sku.name,
        "quantity": quantity,
        "weight": _measure(sku.weight, "pounds", 1.0),
        "width": _measure(width if sku.has_size else None, "IN", _INCHES),
    }
    if has_normalized_name:
        entry["normalizedName"] = sku.name
    return entry


def _measure(value: float | None, unit: str, factor: float) -> dict[str, str | float] | None:
    """Write a measure as the bucket does: what is unknown is null as a whole."""
    return None if value is None else {"unit": unit, "value": value * factor}
