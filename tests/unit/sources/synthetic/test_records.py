import json

import numpy as np

from binrecon.sources.synthetic.records import build_record
from binrecon.sources.synthetic.scene import sample_scene
from binrecon.sources.synthetic.skus import Sku, sample_sku


def sample_skus(count: int) -> list[Sku]:
    return [sample_sku(np.random.default_rng(seed), 14.0, 9.0, 1.0) for seed in range(count)]


def test_build_record__schema() -> None:
    items = sample_scene(np.random.default_rng(0), 5).items
    record = json.loads(build_record(items))
    assert record.keys() == {"BIN_FCSKU_DATA", "EXPECTED_QUANTITY"}
    assert record["EXPECTED_QUANTITY"] == 5
    for sku in record["BIN_FCSKU_DATA"].values():
        assert sku.keys() == {
            "asin", "height", "length", "name", "normalizedName", "quantity", "weight", "width"
        }  # fmt: skip
        assert all(sku[side].keys() == {"unit", "value"} for side in ("height", "length", "width"))
        assert sku["length"]["unit"] == "IN"
        assert sku["length"]["value"] >= sku["width"]["value"] >= sku["height"]["value"] > 0


def test_build_record__copies_add_up() -> None:
    (item,) = sample_scene(np.random.default_rng(0), 1).items
    record = json.loads(build_record([item, item, item]))
    (sku,) = record["BIN_FCSKU_DATA"].values()
    assert sku["quantity"] == record["EXPECTED_QUANTITY"] == 3


def test_build_record__empty() -> None:
    assert json.loads(build_record([])) == {"BIN_FCSKU_DATA": {}, "EXPECTED_QUANTITY": 0}


def test_build_record__contradiction() -> None:
    assert json.loads(build_record([], surplus=2))["EXPECTED_QUANTITY"] == 2


def test_build_record__older_schema() -> None:
    items = sample_scene(np.random.default_rng(0), 2).items
    record = json.loads(build_record(items, photo_name="523.jpg"))
    assert record["image_fname"] == "523.jpg"
    assert all("normalizedName" not in sku for sku in record["BIN_FCSKU_DATA"].values())


def test_sample_sku__oddities_of_the_bucket_occur() -> None:
    skus = sample_skus(400)
    assert any(sku.weight is None for sku in skus)
    assert any(not sku.name.isascii() for sku in skus)
    assert any("&amp;" in sku.name for sku in skus)
    assert any(sku.key.startswith("ZZX") and sku.key != sku.asin for sku in skus)
    assert len({sku.asin for sku in skus}) == 400
