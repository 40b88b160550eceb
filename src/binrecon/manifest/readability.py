"""Judge a source by the bins of it that cannot be read, and name the photos that are damaged."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from binrecon.errors import SourceError
from binrecon.manifest.facts import UNREADABLE

MOST_UNREADABLE = 0.5
"""Of all bins. One that cannot be read is its own fault, but more than these are the fault of the disk."""

_SHOWN = 3


def check_readable(facts: pa.Table) -> None:
    """Refuse a source of which most bins cannot be read.

    Args:
        facts: A table of `FACTS_SCHEMA`.

    Raises:
        SourceError: If more than half of the bins cannot be read, with the first of them and their reasons.
    """
    is_unreadable = [
        pc.fill_null(pc.equal(facts[f"{part}_status"], str(status)), False)
        for part, status in UNREADABLE.items()
    ]
    rows = facts.filter(pc.or_(*is_unreadable))
    if len(rows) > MOST_UNREADABLE * len(facts):
        shown = "; ".join(_describe(rows.slice(0, _SHOWN)))
        raise SourceError(
            f"source: {len(rows):,} of {len(facts):,} bins cannot be read, more than half ({shown}); mend "
            "the disk, the network, your rights or the files' names, then run the same command again"
        )


def describe_damage(facts: pa.Table) -> str | None:
    """Name photos that decode although their bytes are damaged; None if there are none.

    Args:
        facts: A table of `FACTS_SCHEMA`.
    """
    rows = facts.filter(pc.is_valid(facts["photo_damage"]))
    if not len(rows):
        return None
    first = rows.slice(0, _SHOWN).select(["bin_id", "photo_damage"]).to_pylist()
    shown = ", ".join(f"'{row['bin_id']}' ({row['photo_damage']})" for row in first)
    more = "" if len(rows) <= _SHOWN else ", …"
    are = "photo is" if len(rows) == 1 else "photos are"
    return f"{len(rows):,} {are} damaged but decoded, and used: {shown}{more}"


def _describe(rows: pa.Table) -> Iterator[str]:
    for row in rows.select(["bin_id", "photo_reason", "record_reason"]).to_pylist():
        yield f"bin '{row['bin_id']}': {row['photo_reason'] or row['record_reason']}"
