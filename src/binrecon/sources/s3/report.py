"""Report of a fetch, on the console and in files."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

from binrecon.sources.s3.fetch import FetchOutcome, Plan
from binrecon.sources.s3.transfer import Failure

_SHOWN_FAILURES = 3


def describe_plan(plan: Plan) -> str:
    """Say how many objects are asked for, lie there and have to move."""
    present = plan.objects - plan.missing_objects
    size = "" if plan.bytes is None else f", {plan.bytes / 1e6:,.1f} MB"
    absent = f"; the bucket does not list {plan.unlisted:,} of these" if plan.unlisted else ""
    return (
        f"{_count(len(plan.bin_ids), 'bin')}, {_count(plan.objects, 'object')}: {present:,} there already, "
        f"{plan.missing_objects:,} to fetch{size}{absent}"
    )


def describe_outcome(outcome: FetchOutcome) -> str:
    """Say what was fetched, how fast, and with how many retries of which kind."""
    tally, seconds = outcome.tally, max(outcome.seconds, 1e-9)
    kinds = ", ".join(f"{count} {fault}" for fault, count in tally.retries.most_common())
    return (
        f"fetched {_count(tally.objects, 'object')}, {tally.bytes / 1e6:,.1f} MB in {outcome.seconds:.1f} s "
        f"({tally.objects / seconds:,.0f} objects/s, {tally.bytes / 1e6 / seconds:,.1f} MB/s); "
        f"{tally.retries.total()} retries{f' ({kinds})' if kinds else ''}, {len(tally.failures)} failed"
    )


def describe_failures(failures: Sequence[Failure]) -> str:
    """Say how many objects could not be had, why, and which were the first."""
    kinds = Counter(failure.fault for failure in failures)
    counted = ", ".join(f"{count} {fault}" for fault, count in kinds.most_common())
    first = ", ".join(f"'{failure.wanted.path}' ({failure.reason})" for failure in failures[:_SHOWN_FAILURES])
    more = "" if len(failures) <= _SHOWN_FAILURES else ", …"
    return f"{_count(len(failures), 'object')} could not be fetched ({counted}): {first}{more}"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def to_plain(outcome: FetchOutcome) -> dict[str, Any]:
    """Return the numbers of a fetch as JSON takes them."""
    plan, tally = outcome.plan, outcome.tally
    return {
        "bins": len(plan.bin_ids),
        "objects": plan.objects,
        "to_fetch": plan.missing_objects,
        "to_fetch_bytes": plan.bytes,
        "fetched": tally.objects,
        "fetched_bytes": tally.bytes,
        "failed": len(tally.failures),
        "retries": {str(fault): count for fault, count in tally.retries.items()},
        "seconds": round(outcome.seconds, 3),
    }


def failures_csv(failures: Sequence[Failure]) -> str:
    """Return a table of the objects that could not be had, as CSV with a heading."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["bin_id", "part", "fault", "reason", "attempts"])
    for wanted, fault, reason, attempts in failures:
        table.writerow([wanted.bin_id, wanted.part, str(fault), reason, attempts])
    return text.getvalue()
