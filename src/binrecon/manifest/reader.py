"""From a source to the facts of every bin: the slow half of building a manifest."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from binrecon.console import ProgressMeter, get_console, track
from binrecon.manifest.facts import FACTS_SCHEMA, STAMPS_SCHEMA, read_bin, tabulate_facts
from binrecon.manifest.facts_cache import FactsCache
from binrecon.manifest.io import pack
from binrecon.manifest.readability import check_readable, describe_damage
from binrecon.manifest.reuse import find_unchanged, gather_rows
from binrecon.sources import Source

T = TypeVar("T")
R = TypeVar("R")

IN_FLIGHT_PER_WORKER = 4
"""Pieces of work waiting for one worker: enough to keep it busy, few enough to keep memory small."""

ROWS_PER_BATCH = 5_000
"""Bins that exist as Python objects at a time: about 15 MB."""

BATCHES_PER_PART = 4
"""Batches after which the cache is written, so that a killed build loses no more than these."""

_IDS_PER_STAMPING = 1_000


def read_facts(
    source: Source,
    workers: int | None = None,
    *,
    with_records: bool = True,
    cache: FactsCache | None = None,
) -> pa.Table:
    """Read every record of a prepared source and decode every photo, several at a time, showing progress.

    Bins that are as they were when the cache was written are not read.

    Args:
        source: Where the bins lie.
        workers: Bins read at a time; None for four more than there are processors, at most 32.
        with_records: Whether records are asked for; if not, bins without a photo are left out, no record is
            looked at, and `recorded_count`, `items` and `record_*` are null.
        cache: Facts of the same source and kind; None reads every bin.

    Returns:
        A table of `FACTS_SCHEMA`: a row for each bin that has a photo or a record, sorted by `bin_id`.

    Raises:
        SourceError: If the source cannot list its bins, or most of them cannot be read.
        OutputError: If the cache cannot be written.
    """
    if workers is None:
        workers = min(32, (os.cpu_count() or 1) + 4)
    wanted = _read_stamps(source, _list_ids(source, with_records), with_records, workers)
    tables = [] if cache is None else cache.load()
    places = find_unchanged(wanted, tables)
    changed = wanted.filter(places.is_missing)
    if tables:
        _print_reuse(len(wanted), len(changed))
    is_kept = len(changed) == 0 and len(wanted) == sum(map(len, tables))
    places = places.fill_in(len(tables), ROWS_PER_BATCH)
    tables.extend(_read_bins(source, changed, with_records, workers, cache))
    facts = gather_rows(tables, places)
    if cache is not None and not (is_kept and cache.is_compact):
        cache.replace(facts)
    pa.default_memory_pool().release_unused()  # some 30 MB that were needed for reading files
    check_readable(facts)
    if (damage := describe_damage(facts)) is not None:
        get_console().print(damage, markup=False, highlight=False)
    return facts


def _list_ids(source: Source, with_records: bool) -> pa.ChunkedArray:
    """List every id once, sorted; as Arrow text, which takes a tenth of the memory of Python's."""
    photo_ids, record_ids = source.list_bins()
    ids = pa.chunked_array([photo_ids, record_ids if with_records else []], type=pa.string())
    return pa.chunked_array([pc.unique(ids).sort()])


def _read_stamps(source: Source, bin_ids: pa.ChunkedArray, with_records: bool, workers: int) -> pa.Table:
    """Ask for the stamp of every bin, before any is read: a change while reading shows the next time."""

    def stamp(ids: pa.ChunkedArray) -> pa.RecordBatch:
        stamps = [source.stamp(bin_id, with_records) for bin_id in ids.to_pylist()]
        photos, records = zip(*stamps, strict=True)
        return pa.record_batch([ids.combine_chunks(), photos, records], schema=STAMPS_SCHEMA)

    starts = range(0, len(bin_ids), _IDS_PER_STAMPING)
    pieces = (bin_ids.slice(start, _IDS_PER_STAMPING) for start in starts)
    batches = []
    with ProgressMeter("looking for changed bins", len(bin_ids), "bins") as meter:
        for batch in _map_in_order(stamp, pieces, workers):
            batches.append(batch)
            meter.advance(len(batch))
    return pa.Table.from_batches(batches, schema=STAMPS_SCHEMA)


def _print_reuse(bins: int, changed: int) -> None:
    get_console().print(
        f"{bins - changed:,} of {bins:,} bins are as when last checked; {changed:,} to be checked"
    )


def _read_bins(
    source: Source, changed: pa.Table, with_records: bool, workers: int, cache: FactsCache | None
) -> list[pa.Table]:
    """Read the bins of the given stamps, batch by batch; put what was read into the cache now and then."""
    if len(changed) == 0:
        return [FACTS_SCHEMA.empty_table()]
    import torchcodec.decoders  # noqa: F401  Loaded before the workers start: they must not race to import torch.

    ids = (bin_id for chunk in changed["bin_id"].chunks for bin_id in chunk.to_pylist())
    facts = _map_in_order(lambda bin_id: read_bin(source, bin_id, with_records), ids, workers)
    shown = track(facts, "checking bins", total=len(changed), unit="bins")
    tables: list[pa.Table] = []
    while batch := list(islice(shown, ROWS_PER_BATCH)):
        stamps = changed.slice(len(tables) * ROWS_PER_BATCH, len(batch))
        tables.append(pack(tabulate_facts(batch, stamps)))
        if cache is not None and len(tables) % BATCHES_PER_PART == 0:
            cache.add(pa.concat_tables(tables[-BATCHES_PER_PART:]))
    return tables


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
