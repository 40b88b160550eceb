import json
from collections import Counter
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image

from binrecon.manifest.facts import STAMPS_SCHEMA, BinFacts, PhotoFacts, tabulate_facts
from binrecon.manifest.record import Item, Record
from binrecon.sources import BinStamp, LocalSource

AddBin = Callable[..., None]
MakeFacts = Callable[..., BinFacts]
ToTable = Callable[[Iterable[BinFacts]], pa.Table]


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


@pytest.fixture(scope="session")
def make_facts() -> MakeFacts:
    """Build the facts of a sound bin, its photo unlike any other."""

    def make(bin_id: str, count: int = 1, asin: str | None = None, sha256: str | None = None) -> BinFacts:
        items = (Item(asin or f"B{bin_id}", "Cup", count),) if count else ()
        return BinFacts(bin_id, PhotoFacts(20, 10, 700, sha256 or f"hash {bin_id}"), Record(count, items))

    return make


@pytest.fixture(scope="session")
def to_table() -> ToTable:
    """Tabulate facts in order of their ids, with null for every stamp."""

    def tabulate(facts: Iterable[BinFacts]) -> pa.Table:
        ordered = sorted(facts, key=lambda one: one.bin_id)
        stamps = [{"bin_id": one.bin_id} for one in ordered]
        return tabulate_facts(ordered, pa.Table.from_pylist(stamps, schema=STAMPS_SCHEMA))

    return tabulate


class CountingSource(LocalSource):
    """Remembers what was asked of it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked: Counter[tuple[str, str]] = Counter()

    def stamp(self, bin_id: str, with_record: bool = True) -> BinStamp:
        self.asked["record stamp" if with_record else "photo stamp", bin_id] += 1
        return super().stamp(bin_id, with_record)

    def read_photo(self, bin_id: str) -> bytes:
        self.asked["photo", bin_id] += 1
        return super().read_photo(bin_id)

    def read_record(self, bin_id: str) -> bytes:
        self.asked["record", bin_id] += 1
        return super().read_record(bin_id)

    def ids(self, what: str) -> list[str]:
        """The bins that were asked for something, each as often as it was."""
        return sorted(bin_id for kind, bin_id in self.asked.elements() if kind == what)


@pytest.fixture
def counting_source(add_bin: AddBin, tmp_path: Path) -> CountingSource:
    """The folder that `add_bin` fills."""
    return CountingSource(tmp_path)
