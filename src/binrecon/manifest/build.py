"""From a source to its manifest: the facts of every bin, then groups, splits and statuses."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from binrecon.manifest.facts import BinFacts, Fault, read_facts
from binrecon.manifest.groups import find_groups
from binrecon.manifest.schema import SCHEMA, Manifest, Status
from binrecon.manifest.selection import CountRange
from binrecon.manifest.split import SplitRule
from binrecon.sources import Source

ROWS_PER_BATCH = 10_000

_STATUS_ORDER = {status: place for place, status in enumerate(Status)}


def build_manifest(
    source: Source, selection: CountRange, splits: SplitRule, workers: int | None = None
) -> Manifest:
    """Read every bin of a prepared source and say what becomes of it; no bin is left out.

    Args:
        source: Where the bins lie.
        selection: The recorded counts that are learned.
        splits: Which groups of bins train, choose and judge.
        workers: Bins read at a time; None for a number that suits the machine.

    Raises:
        SourceError: If the source cannot list its bins.
    """
    return assemble_manifest(read_facts(source, workers), selection, splits)


def assemble_manifest(facts: Sequence[BinFacts], selection: CountRange, splits: SplitRule) -> Manifest:
    """Judge bins whose facts are known: fast, and nothing is read.

    Args:
        facts: Each bin once, in any order.
        selection: The recorded counts that are learned.
        splits: Which groups of bins train, choose and judge.
    """
    ordered = sorted(facts, key=lambda one: one.bin_id)
    groups = find_groups({one.bin_id: _list_asins(one) for one in ordered})
    originals = _find_originals(ordered)
    rows: list[dict[str, Any]] = []
    batches: list[pa.RecordBatch] = []
    for one in ordered:
        faults = [*one.faults, *_judge(one, originals.get(one.bin_id), selection)]
        rows.append(_make_row(one, groups[one.bin_id], faults, splits))
        if len(rows) == ROWS_PER_BATCH:
            batches.append(pa.RecordBatch.from_pylist(rows, schema=SCHEMA))
            rows = []
    batches.append(pa.RecordBatch.from_pylist(rows, schema=SCHEMA))
    return Manifest(pa.Table.from_batches(batches, schema=SCHEMA))


def _list_asins(facts: BinFacts) -> list[str]:
    items = () if facts.record is None else facts.record.items
    return [item.asin for item in items if item.asin is not None]


def _find_originals(ordered: Sequence[BinFacts]) -> dict[str, BinFacts]:
    """Find, for each bin whose photo decodes and repeats an earlier one, the first bin with that photo."""
    first_by_hash: dict[str | None, BinFacts] = {}
    originals = {}
    for one in ordered:
        if one.photo.fault is None and first_by_hash.setdefault(one.photo.sha256, one) is not one:
            originals[one.bin_id] = first_by_hash[one.photo.sha256]
    return originals


def _judge(facts: BinFacts, original: BinFacts | None, selection: CountRange) -> Iterator[Fault]:
    """Yield the faults that a bin has only beside others, or for what is asked for."""
    if original is not None:
        yield Fault(Status.DUPLICATE_PHOTO, _describe_duplicate(facts, original))
    out_of_range = None if facts.record is None else selection.find_fault(facts.record.recorded_count)
    if out_of_range is not None:
        yield Fault(Status.OUT_OF_RANGE, out_of_range)


def _describe_duplicate(facts: BinFacts, original: BinFacts) -> str:
    reason = f"photo: byte for byte that of bin {original.bin_id}"
    own = None if facts.record is None else facts.record.recorded_count
    first = None if original.record is None else original.record.recorded_count
    return (
        reason if own == first else f"{reason}, whose recorded count is {_show(first)} and not {_show(own)}"
    )


def _show(count: int | None) -> str:
    return "unknown" if count is None else str(count)


def _make_row(facts: BinFacts, group: str, faults: Sequence[Fault], splits: SplitRule) -> dict[str, Any]:
    """Build a row of the manifest, whose columns hold different types."""
    ordered = sorted(faults, key=lambda fault: _STATUS_ORDER[fault.status])
    record = facts.record
    return {
        "bin_id": facts.bin_id,
        "recorded_count": None if record is None else record.recorded_count,
        "items": None
        if record is None
        else [{"asin": item.asin, "name": item.name, "quantity": item.quantity} for item in record.items],
        "photo_width": facts.photo.width,
        "photo_height": facts.photo.height,
        "photo_bytes": facts.photo.byte_count,
        "photo_sha256": facts.photo.sha256,
        "group": group,
        "split": None if ordered else splits.split_of(group),
        "status": str(ordered[0].status if ordered else Status.USABLE),
        "reason": "; ".join(fault.reason for fault in ordered) or None,
    }
