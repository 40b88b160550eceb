"""From what is known of each bin to what to do about it, in which order, and why, in plain words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from binrecon.calibration.arrays import Ints
from binrecon.manifest import CountRange
from binrecon.reconcile.bins import NO_PHOTO
from binrecon.reconcile.budget import Budget, Choice, choose
from binrecon.reconcile.judge import Judgement
from binrecon.reconcile.photo_faults import PhotoFault


class Decision(StrEnum):
    """The decision on a bin, in the order of the table."""

    RECOUNT = "recount"
    """Its record is among those most likely to be wrong: count it."""
    CONFIRM = "confirm"
    """Nothing speaks against its record, or too little for the budget."""
    REPHOTOGRAPH = "rephotograph"
    """Its photo says nothing: take another."""
    NOT_JUDGED = "not_judged"
    """There is no photo, no record, or a count that the counter does not know."""


@dataclass(frozen=True)
class Decisions:
    """The decisions on N bins.

    Args:
        decisions: Shape (N,).
        reasons: Of each.
        ranks: From 1 on, of the bins that are confirmed or recounted; 0 for the others.
        choice: What the budget chose, and what may be hoped for.
        faults: How many of the photos that are to be taken again have each kind of fault.
    """

    decisions: NDArray[np.object_]
    reasons: list[str]
    ranks: NDArray[np.int32]
    choice: Choice
    faults: dict[str, int]


def decide(
    bins: pa.Table,
    classes: Ints,
    judgement: Judgement,
    faults: Sequence[PhotoFault],
    counts: CountRange,
    budget: Budget,
) -> Decisions:
    """Decide on every bin.

    Args:
        bins: A table of `BINS_SCHEMA`.
        classes: Of their recorded counts; -1 where the counter has none.
        judgement: Of these bins.
        faults: Of their photos.
        counts: Of the counter.
        budget: How many bins may be recounted; those that are not ranked are beside it.
    """
    recorded = np.asarray(pc.fill_null(bins["recorded_count"], -1).to_numpy(), np.int64)
    reasons: list[str] = [""] * len(bins)
    decisions = np.full(len(bins), str(Decision.CONFIRM), object)
    for fault in faults:
        for row, reason in zip(fault.rows, fault.reasons, strict=True):
            reasons[row] = f"{reasons[row]}; {reason}" if reasons[row] else reason
            decisions[row] = str(Decision.REPHOTOGRAPH)
    for row in np.flatnonzero((classes < 0) | ~np.asarray(bins["has_photo"])).tolist():
        reasons[row] = _explain_obstacle(bins, row, int(recorded[row]), classes[row] < 0, counts)
        decisions[row] = str(Decision.NOT_JUDGED)
    rows = np.flatnonzero(decisions == str(Decision.CONFIRM))
    choice = choose(judgement.variance_probability[rows], budget)
    decisions[rows[choice.is_chosen]] = str(Decision.RECOUNT)
    ranks = np.zeros(len(bins), np.int32)
    ranks[rows[np.argsort(-judgement.variance_probability[rows], kind="stable")]] = np.arange(
        1, len(rows) + 1
    )
    for row, reason in zip(
        rows.tolist(), _explain(bins, rows, recorded, judgement, choice, counts), strict=True
    ):
        reasons[row] = reason
    found = {f.name: int((decisions[f.rows] == str(Decision.REPHOTOGRAPH)).sum()) for f in faults}
    return Decisions(decisions, reasons, ranks, choice, found)


def _explain_obstacle(bins: pa.Table, row: int, recorded: int, is_unknown: bool, counts: CountRange) -> str:
    """Say why a bin cannot be judged."""
    parts = []
    if not bins["has_photo"][row].as_py():
        parts.append(NO_PHOTO)
    if recorded < 0:
        parts.append(bins["record_reason"][row].as_py())
    elif is_unknown:
        parts.append(f"record says {recorded}; the counter knows {describe_counts(counts)} only")
    return "; ".join(parts)


def describe_counts(counts: CountRange) -> str:
    """Say which counts a counter knows.

    >>> describe_counts(CountRange(0, 5)), describe_counts(CountRange(0, 5, "clip"))
    ('0 to 5 items', '0 to 4 items, and 5 or more')
    """
    if counts.above_range == "clip":
        return f"{counts.min_count} to {counts.max_count - 1} items, and {counts.max_count} or more"
    return f"{counts.min_count} to {counts.max_count} items"


def _explain(
    bins: pa.Table,
    rows: NDArray[np.int64],
    recorded: Ints,
    judgement: Judgement,
    choice: Choice,
    counts: CountRange,
) -> Iterator[str]:
    """Say what photo and record of each ranked bin show."""
    shown = judgement.probabilities[rows]
    likeliest = shown.argmax(axis=1)
    columns = (
        recorded[rows].tolist(),
        (likeliest + counts.min_count).tolist(),
        np.rint(100 * shown[np.arange(len(rows)), likeliest]).astype(int).tolist(),
        choice.is_chosen.tolist(),
        pc.take(bins["record_reason"], rows).to_pylist(),
    )
    for record, photo, percent, is_chosen, remark in zip(*columns, strict=True):
        is_more = counts.above_range == "clip" and photo == counts.max_count
        seen = f"{photo} or more" if is_more else f"{photo}"
        is_same = min(record, counts.max_count) == photo if is_more else record == photo
        yield _put(record, seen, percent, is_same, is_chosen) + (f"; {remark}" if remark else "")


def _put(record: int, seen: str, percent: int, is_same: bool, is_chosen: bool) -> str:
    if is_same:
        return (
            f"record says {record}; the photo looks like {seen} with no more than {percent} %"
            if is_chosen
            else f"record says {record}, and so does the photo ({percent} %)"
        )
    if is_chosen:
        return f"record says {record}; the photo looks like {seen} ({percent} %)"
    return f"record says {record}; the photo looks like {seen} ({percent} %), too little to doubt it"
