"""What the bytes of each bin say, whatever is asked of them later: the slow half of building a manifest."""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeVar

from binrecon.console import track
from binrecon.errors import MissingBinError, PhotoError, RecordError
from binrecon.manifest.record import Record, parse_record
from binrecon.manifest.schema import Status
from binrecon.sources import Source
from binrecon.sources.photo import decode_photo

T = TypeVar("T")
R = TypeVar("R")

IN_FLIGHT_PER_WORKER = 4
"""Bins waiting for one worker: enough to keep it busy, few enough to keep a million bins out of memory."""


class Fault(NamedTuple):
    """One thing wrong with a bin."""

    status: Status
    reason: str


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What was found out about a photo.

    Args:
        width: Pixels as decoded; None unless it decodes.
        height: As `width`.
        byte_count: Size as stored; None if there is no photo.
        sha256: Hash of the stored bytes in hexadecimal; None if there is no photo.
        fault: Why it cannot be used; None if it decodes.
    """

    width: int | None = None
    height: int | None = None
    byte_count: int | None = None
    sha256: str | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class BinFacts:
    """What was found out about one bin by itself.

    Args:
        bin_id: Its key, verbatim.
        photo: Its photo.
        record: Its record; None if there is none that can be read.
        record_fault: What is wrong with the record; a contradictory one is kept beside its fault.
    """

    bin_id: str
    photo: PhotoFacts
    record: Record | None
    record_fault: Fault | None

    @property
    def faults(self) -> list[Fault]:
        """Everything wrong with photo and record."""
        return [fault for fault in (self.photo.fault, self.record_fault) if fault is not None]


def read_facts(source: Source, workers: int | None = None) -> list[BinFacts]:
    """Read every record of a prepared source and decode every photo, several at a time, showing progress.

    A missing or damaged photo or record is a fact about its bin. Any other error (no permission, no
    network) is none, and ends the reading.

    Args:
        source: Where the bins lie.
        workers: Bins read at a time; None for four more than there are processors, at most 32.

    Returns:
        One entry for each id that has a photo or a record, in order of the ids.

    Raises:
        SourceError: If the source cannot list its bins.
    """
    import torchcodec.decoders  # noqa: F401  Loaded before the workers start: they must not race to import torch.

    listing = source.list_bins()
    bin_ids = sorted({*listing.photo_ids, *listing.record_ids})
    if workers is None:
        workers = min(32, (os.cpu_count() or 1) + 4)
    facts = _map_in_order(lambda bin_id: read_bin(source, bin_id), bin_ids, workers)
    return list(track(facts, "checking bins", total=len(bin_ids), unit="bins"))


def read_bin(source: Source, bin_id: str) -> BinFacts:
    """Read one bin's record and decode its photo."""
    record, record_fault = _read_record(source, bin_id)
    return BinFacts(bin_id, _read_photo(source, bin_id), record, record_fault)


def _read_photo(source: Source, bin_id: str) -> PhotoFacts:
    try:
        photo = source.read_photo(bin_id)
    except MissingBinError:
        return PhotoFacts(fault=Fault(Status.MISSING_PHOTO, "there is no photo"))
    sha256 = hashlib.sha256(photo).hexdigest()
    try:
        _, height, width = decode_photo(photo).shape
    except PhotoError as error:
        fault = Fault(Status.CORRUPT_PHOTO, f"photo: {error}")
        return PhotoFacts(byte_count=len(photo), sha256=sha256, fault=fault)
    return PhotoFacts(width, height, len(photo), sha256)


def _read_record(source: Source, bin_id: str) -> tuple[Record | None, Fault | None]:
    try:
        record = parse_record(source.read_record(bin_id))
    except MissingBinError:
        return None, Fault(Status.MISSING_RECORD, "there is no record")
    except RecordError as error:
        return None, Fault(Status.MALFORMED_RECORD, f"record: {error}")
    if not record.is_contradictory:
        return record, None
    reason = f"record: claims {record.recorded_count} items, but they add up to {record.item_sum}"
    return record, Fault(Status.CONTRADICTORY_RECORD, reason)


def _map_in_order(work: Callable[[T], R], inputs: Iterable[T], workers: int) -> Iterator[R]:
    """Yield `work` of each input in order, computed by threads that run only a little ahead."""
    remaining = iter(inputs)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        first = islice(remaining, workers * IN_FLIGHT_PER_WORKER)
        in_flight: deque[Future[R]] = deque(pool.submit(work, one) for one in first)
        try:
            while in_flight:
                yield in_flight.popleft().result()
                in_flight.extend(pool.submit(work, one) for one in islice(remaining, 1))
        finally:
            for future in in_flight:
                future.cancel()
