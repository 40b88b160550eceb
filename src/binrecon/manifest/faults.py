"""Faults of bins relative to other bins or to the request, and the status that follows."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from binrecon.manifest.content_hash import join_texts
from binrecon.manifest.schema import Status
from binrecon.manifest.selection import CountRange

SEPARATOR = "; "
"""Separator of the reasons of a bin with several faults."""

SET_ASIDE_REASON = "training takes only a share of the bins (data.train_share)"


class FaultColumn(NamedTuple):
    """One kind of fault, for every bin.

    Args:
        statuses: The status that it gives; null for a bin without it.
        reasons: What is wrong; null in the same rows.
    """

    statuses: pa.ChunkedArray
    reasons: pa.ChunkedArray


def judge_bins(faults: Sequence[FaultColumn]) -> FaultColumn:
    """Give every bin its status and its reason.

    Args:
        faults: In the order of `Status`.

    Returns:
        The first of each bin's statuses, or `usable`; all its reasons, joined, or null.
    """
    statuses = pc.coalesce(*(fault.statuses for fault in faults), str(Status.USABLE))
    is_usable = pc.equal(statuses, str(Status.USABLE))
    first, *others = (fault.reasons for fault in faults)
    # A row of nothing but nulls would be left out of the join (narwhals-dev/narwhals#3965), hence the "".
    joined = pc.binary_join_element_wise(
        pc.if_else(is_usable, "", first), *others, SEPARATOR, null_handling="skip"
    )
    return FaultColumn(statuses, pc.if_else(is_usable, None, joined))


def find_count_conflicts(recorded: pa.ChunkedArray, listed: pa.ChunkedArray, split_name: str) -> FaultColumn:
    """Find records whose count is not the one that was published for the bin."""
    rows = np.flatnonzero(pc.fill_null(pc.not_equal(recorded, listed), False)).tolist()
    reasons = [
        f"record: claims {recorded[row]} items, but the published split '{split_name}' lists {listed[row]}"
        for row in rows
    ]
    return _make_column(Status.CONTRADICTORY_RECORD, _scatter(reasons, rows, len(recorded)))


def find_repeated_photos(
    facts: pa.Table, recorded_counts: pa.ChunkedArray, is_listed: pa.ChunkedArray
) -> FaultColumn:
    """Find photos that decode and are those of an earlier bin; bins that are not listed are not looked at."""
    is_compared = pc.and_(pc.is_null(facts["photo_status"]), is_listed)
    rows, reasons, originals = [], [], dict[str, int]()
    for row in np.flatnonzero(_repeats_start(facts["photo_sha256"], is_compared)).tolist():
        original = originals.setdefault(str(facts["photo_sha256"][row]), row)
        if original != row:
            rows.append(row)
            reasons.append(
                _describe_repeat(facts["bin_id"][original], recorded_counts[row], recorded_counts[original])
            )
    return _make_column(Status.DUPLICATE_PHOTO, _scatter(reasons, rows, len(facts)))


def find_unlisted(is_listed: pa.ChunkedArray, split_name: str) -> FaultColumn:
    """Find the bins that the published split does not list."""
    reason = f"the published split '{split_name}' does not list the bin"
    return _make_column(Status.NOT_LISTED, pc.if_else(is_listed, None, reason))


def find_set_aside(splits: pa.ChunkedArray, is_listed: pa.ChunkedArray) -> FaultColumn:
    """Find the bins that are listed and have no split all the same."""
    is_aside = pc.and_(is_listed, pc.is_null(splits))
    return _make_column(Status.SET_ASIDE, pc.if_else(is_aside, SET_ASIDE_REASON, None))


def find_out_of_range(recorded_counts: pa.ChunkedArray, selection: CountRange) -> FaultColumn:
    """Find the bins whose count is none of those asked for."""
    kinds = pc.unique(recorded_counts).drop_null()
    reasons = pa.array([selection.find_fault(count) for count in kinds.to_pylist()], pa.string())
    return _make_column(Status.OUT_OF_RANGE, reasons.take(pc.index_in(recorded_counts, value_set=kinds)))


def _repeats_start(hashes: pa.ChunkedArray, is_compared: pa.ChunkedArray) -> np.ndarray:
    """Tell which hashes begin like another one: few, to be compared in full.

    A table of all hashes would take ten times the memory of these eight bytes of each.
    """
    starts = np.concatenate([np.empty(0, np.uint64), *map(_read_starts, hashes.chunks)])
    compared = np.asarray(is_compared)
    ordered = np.sort(starts[compared])
    repeated = ordered[:-1][ordered[:-1] == ordered[1:]]
    return compared & np.isin(starts, repeated)


def _read_starts(hashes: pa.Array) -> np.ndarray:
    """Read the first eight letters of each hash as one number; fewer are filled up."""
    starts = pc.ascii_rpad(pc.fill_null(pc.utf8_slice_codeunits(hashes, 0, 8), ""), 8)
    return np.frombuffer(join_texts(starts), np.uint64)


def _describe_repeat(original_id: pa.Scalar, own: pa.Scalar, first: pa.Scalar) -> str:
    reason = f"photo: byte for byte that of bin {original_id}"
    if own.as_py() == first.as_py():
        return reason
    return f"{reason}, whose recorded count is {_show(first)} and not {_show(own)}"


def _show(count: pa.Scalar) -> str:
    return str(count) if count.is_valid else "unknown"


def _make_column(status: Status, reasons: pa.ChunkedArray) -> FaultColumn:
    """Give a status to every row with a reason."""
    return FaultColumn(pc.if_else(pc.is_valid(reasons), str(status), None), reasons)


def _scatter(texts: Sequence[str], rows: Sequence[int], length: int) -> pa.Array:
    """Put each text in its row of a column; null in all others."""
    places = np.full(length, -1)
    places[rows] = np.arange(len(rows))
    return pa.array(texts, pa.string()).take(pa.array(places, mask=places < 0))
