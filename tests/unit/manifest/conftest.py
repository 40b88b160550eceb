import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from binrecon.manifest.facts import BinFacts, PhotoFacts
from binrecon.manifest.record import Item, Record

AddBin = Callable[..., None]
MakeFacts = Callable[..., BinFacts]


def encode_photo(shade: int) -> bytes:
    """A tiny JPEG, different for each shade."""
    file = BytesIO()
    Image.new("RGB", (20, 10), (shade % 256, shade // 256, 0)).save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture
def add_bin(tmp_path: Path) -> AddBin:
    """Write a bin into a folder in the bucket's layout; None leaves photo or record away."""
    (tmp_path / "bin-images").mkdir()
    (tmp_path / "metadata").mkdir()
    shades = iter(range(0, 60_000, 37))

    def add(
        bin_id: str, count: int | None = 1, photo: bytes | None = b"new", record: bytes | None = None
    ) -> None:
        if photo is not None:
            content = encode_photo(next(shades)) if photo == b"new" else photo
            (tmp_path / "bin-images" / f"{bin_id}.jpg").write_bytes(content)
        if record is None and count is not None:
            items = {f"B{bin_id}": {"asin": f"B{bin_id}", "name": "Cup", "quantity": count}} if count else {}
            record = json.dumps({"EXPECTED_QUANTITY": count, "BIN_FCSKU_DATA": items}).encode()
        if record is not None:
            (tmp_path / "metadata" / f"{bin_id}.json").write_bytes(record)

    return add


@pytest.fixture
def make_facts() -> MakeFacts:
    """Build the facts of a sound bin, its photo unlike any other."""

    def make(bin_id: str, count: int = 1, asin: str | None = None, sha256: str | None = None) -> BinFacts:
        items = (Item(asin or f"B{bin_id}", "Cup", count),) if count else ()
        return BinFacts(
            bin_id, PhotoFacts(20, 10, 700, sha256 or f"hash {bin_id}"), Record(count, items), None
        )

    return make
