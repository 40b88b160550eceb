"""From a source to its manifest: the facts of every bin, then groups, splits and statuses."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from binrecon.manifest.facts import STAMPS_SCHEMA
from binrecon.manifest.facts_cache import FactsCache
from binrecon.manifest.faults import (
    FaultColumn,
    find_count_conflicts,
    find_out_of_range,
    find_repeated_photos,
    find_set_aside,
    find_unlisted,
    judge_bins,
)
from binrecon.manifest.groups import find_groups
from binrecon.manifest.labels import apply_labels
from binrecon.manifest.reader import read_facts
from binrecon.manifest.schema import SCHEMA, Manifest, Status
from binrecon.manifest.selection import CountRange
from binrecon.manifest.split import SplitRule
from binrecon.sources import Source


def build_manifest(
    source: Source,
    selection: CountRange,
    splits: SplitRule,
    workers: int | None = None,
    *,
    cache_root: Path | None = None,
    source_identity: str | None = None,
    labels: Mapping[str, int] | None = None,
) -> Manifest:
    """Say what becomes of every bin of a prepared source; bins that have not changed are not read again.

    Args:
        source: Where the bins lie.
        selection: The recorded counts that are learned.
        splits: Which bins train, choose and judge. If it needs no records, none is looked at, and only bins
            with a photo have a row; else every bin has one.
        workers: Bins read at a time; None for a number that suits the machine.
        cache_root: Folder for facts of earlier builds; None reads every bin.
        source_identity: Text that no other source shares; needed for a cache.
        labels: Bin to what somebody counted there, in place of its record's count.

    Raises:
        ManifestError: If a label is of a bin that the source does not have.
        SourceError: If the source cannot list its bins.
        OutputError: If the cache cannot be written.
        ValueError: If there is a cache, but no identity.
    """
    cache = None
    if cache_root is not None:
        if source_identity is None:
            raise ValueError("a cache needs the identity of the source; pass source_identity")
        cache = FactsCache(cache_root, source_identity, splits.needs_records)
    facts = read_facts(source, workers, with_records=splits.needs_records, cache=cache)
    facts = facts.drop_columns(STAMPS_SCHEMA.names[1:])  # a tenth of the memory, of no use from here on
    if labels is not None:
        facts = apply_labels(facts, labels)
    return assemble_manifest(facts, selection, splits)


def assemble_manifest(facts: pa.Table, selection: CountRange, splits: SplitRule) -> Manifest:
    """Judge bins whose facts are known: fast, and nothing is read.

    Args:
        facts: A table of `FACTS_SCHEMA`, with or without stamps, each bin once, sorted by `bin_id`; with
            records if `splits` needs them.
        selection: The recorded counts that are learned.
        splits: Which bins train, choose and judge.
    """
    bin_ids = facts["bin_id"]
    listed = splits.list_counts(bin_ids)
    recorded_counts = facts["recorded_count"] if splits.needs_records else listed
    groups = find_groups(bin_ids, facts["items"])
    assigned = splits.assign(bin_ids, groups)
    faults = _find_faults(facts, recorded_counts, listed, selection, splits.name)
    is_listed = pc.is_valid(bin_ids if listed is None else listed)
    statuses, reasons = judge_bins([*faults, find_set_aside(assigned, is_listed)])
    is_usable = pc.equal(statuses, str(Status.USABLE))
    found = {
        "recorded_count": recorded_counts,
        "group": groups,
        "split": pc.if_else(is_usable, assigned, None),
        "status": statuses,
        "reason": reasons,
    }
    columns = [found[name] if name in found else facts[name] for name in SCHEMA.names]
    return Manifest(pa.table(columns, schema=SCHEMA))


def _find_faults(
    facts: pa.Table,
    recorded_counts: pa.ChunkedArray,
    listed: pa.ChunkedArray | None,
    selection: CountRange,
    split_name: str,
) -> Iterator[FaultColumn]:
    """Yield every kind of fault, in the order of `Status`."""
    yield FaultColumn(facts["photo_status"], facts["photo_reason"])
    yield FaultColumn(facts["record_status"], facts["record_reason"])
    if listed is None:
        is_listed = pc.is_valid(facts["bin_id"])
    else:
        is_listed = pc.is_valid(listed)
        yield find_count_conflicts(recorded_counts, listed, split_name)
    yield find_repeated_photos(facts, recorded_counts, is_listed)
    yield find_unlisted(is_listed, split_name)
    yield find_out_of_range(recorded_counts, selection)
