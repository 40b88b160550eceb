import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from binrecon.errors import MissingBinError, SourceError
from binrecon.manifest.facts import (
    IN_FLIGHT_PER_WORKER,
    BinFacts,
    Fault,
    PhotoFacts,
    _map_in_order,
    read_facts,
)
from binrecon.manifest.record import Item, Record
from binrecon.manifest.schema import Status
from binrecon.sources import LocalSource


def read_one(root: Path) -> BinFacts:
    (facts,) = read_facts(LocalSource(root), workers=1)
    return facts


def test_read_facts__sound_bin(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00523", 3)
    photo = (tmp_path / "bin-images" / "00523.jpg").read_bytes()
    assert read_one(tmp_path) == BinFacts(
        "00523",
        PhotoFacts(20, 10, len(photo), hashlib.sha256(photo).hexdigest()),
        Record(3, (Item("B00523", "Cup", 3),)),
        None,
    )


def test_read_facts__every_id_once_in_order(add_bin: Callable[..., None], tmp_path: Path) -> None:
    for bin_id in ("9", "523", "00523", "100000", "10"):
        add_bin(bin_id)
    add_bin("00001", photo=None)
    add_bin("00002", count=None)
    ids = [one.bin_id for one in read_facts(LocalSource(tmp_path), workers=2)]
    assert ids == ["00001", "00002", "00523", "10", "100000", "523", "9"]


def test_read_facts__no_photo(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001", photo=None)
    facts = read_one(tmp_path)
    assert facts.photo == PhotoFacts(fault=Fault(Status.MISSING_PHOTO, "there is no photo"))
    assert facts.record is not None


def test_read_facts__no_record(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001", count=None)
    facts = read_one(tmp_path)
    assert facts.record is None
    assert facts.faults == [Fault(Status.MISSING_RECORD, "there is no record")]


def test_read_facts__png_named_jpg(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001")
    Image.new("RGB", (4, 4)).save(tmp_path / "bin-images" / "00001.jpg", "PNG")
    photo = read_one(tmp_path).photo
    assert photo.fault == Fault(Status.CORRUPT_PHOTO, "photo: not a JPEG: it is a PNG image")
    assert (photo.width, photo.height) == (None, None)
    assert photo.byte_count == (tmp_path / "bin-images" / "00001.jpg").stat().st_size


def test_read_facts__photo_cut_off(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001")
    path = tmp_path / "bin-images" / "00001.jpg"
    path.write_bytes(path.read_bytes()[:-2])
    reason = f"photo: the JPEG is cut off after {path.stat().st_size} bytes"
    assert read_one(tmp_path).faults == [Fault(Status.CORRUPT_PHOTO, reason)]


def test_read_facts__record_not_json(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001", record=b"<Error/>")
    reason = "record: not JSON: Expecting value at line 1, column 1"
    assert read_one(tmp_path).faults == [Fault(Status.MALFORMED_RECORD, reason)]


def test_read_facts__contradictory_record_is_kept(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001", record=b'{"EXPECTED_QUANTITY": 4, "BIN_FCSKU_DATA": {"B1": {"quantity": 3}}}')
    facts = read_one(tmp_path)
    reason = "record: claims 4 items, but they add up to 3"
    assert facts.record == Record(4, (Item("B1", None, 3),))
    assert facts.faults == [Fault(Status.CONTRADICTORY_RECORD, reason)]


def test_read_facts__a_bin_that_goes_while_it_is_read(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001")

    class Vanishing(LocalSource):
        def read_photo(self, bin_id: str) -> bytes:
            raise MissingBinError(bin_id)

    (facts,) = read_facts(Vanishing(tmp_path), workers=1)
    assert facts.faults == [Fault(Status.MISSING_PHOTO, "there is no photo")]


def test_read_facts__other_errors_end_the_reading(add_bin: Callable[..., None], tmp_path: Path) -> None:
    add_bin("00001")

    class Locked(LocalSource):
        def read_record(self, bin_id: str) -> bytes:
            raise PermissionError(bin_id)

    with pytest.raises(PermissionError, match="00001"):
        read_facts(Locked(tmp_path), workers=1)


def test_read_facts__empty_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds neither"):
        read_facts(LocalSource(tmp_path))


@pytest.mark.parametrize("workers", [None, 1, 3])
def test_read_facts__workers_change_nothing(
    add_bin: Callable[..., None], tmp_path: Path, workers: int | None
) -> None:
    for number in range(40):
        add_bin(f"{number:05d}", number % 6)
    expected = [one.bin_id for one in read_facts(LocalSource(tmp_path), workers=2)]
    assert [one.bin_id for one in read_facts(LocalSource(tmp_path), workers)] == expected


def test_map_in_order__runs_only_a_little_ahead() -> None:
    taken = []

    def inputs() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = _map_in_order(lambda number: number * 2, inputs(), workers=2)
    assert [next(results) for _ in range(5)] == [0, 2, 4, 6, 8]
    assert len(taken) <= 5 + 2 * IN_FLIGHT_PER_WORKER
    results.close()


def test_map_in_order__keeps_order_when_the_first_is_slow() -> None:
    second_is_done = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert second_is_done.wait(timeout=30)
        second_is_done.set()
        return number

    assert list(_map_in_order(work, range(20), workers=2)) == list(range(20))
