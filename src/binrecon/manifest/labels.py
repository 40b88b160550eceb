"""Counts that somebody has counted, in place of what records claim."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from binrecon.errors import ManifestError
from binrecon.formulas import free_cell
from binrecon.manifest.record import MAX_COUNT
from binrecon.regular_file import open_regular

LABEL_COLUMNS = ("bin_id", "recorded_count")
"""Columns of a file of labels, as `binrecon reconcile --apply` writes it."""

_MOST_NAMED = 3


def read_labels(path: Path) -> dict[str, int]:
    """Read what was counted: a CSV of `bin_id,recorded_count`.

    Raises:
        ManifestError: If it cannot be read, has other columns, a bin twice, or a count that is none.
    """
    labels: dict[str, int] = {}
    for line, cells in _read_rows(path):
        if len(cells) != len(LABEL_COLUMNS) or not _is_count(cells[1]):
            raise ManifestError(
                f"data.labels '{path}', line {line}: must be a bin_id and a whole number from 0 to "
                f"{MAX_COUNT:,}, got {','.join(cells)[:60]!r}"
            )
        if cells[0] in labels:
            raise ManifestError(
                f"data.labels '{path}', line {line}: bin {cells[0]!r} stands there twice; keep one"
            )
        labels[cells[0]] = int(cells[1])
    return labels


def apply_labels(facts: pa.Table, labels: Mapping[str, int]) -> pa.Table:
    """Put counts in place of those of the records; a record that was at fault no longer matters.

    Args:
        facts: A table of `FACTS_SCHEMA`, with or without stamps.
        labels: Bin to what was counted.

    Raises:
        ManifestError: If a label is of a bin that is not among the facts.
    """
    bin_ids = pa.array(labels.keys(), pa.string())
    unknown = bin_ids.filter(pc.is_null(pc.index_in(bin_ids, value_set=facts["bin_id"])))
    if len(unknown):
        raise ManifestError(_describe_unknown(unknown.to_pylist()))
    places = pc.index_in(facts["bin_id"], value_set=bin_ids)
    counted = pc.take(pa.array(labels.values(), pa.int32()), places)
    changed = {
        "recorded_count": pc.coalesce(counted, facts["recorded_count"]),
        "record_status": pc.if_else(pc.is_valid(places), None, facts["record_status"]),
        "record_reason": pc.if_else(pc.is_valid(places), None, facts["record_reason"]),
    }
    for name, column in changed.items():
        facts = facts.set_column(facts.schema.get_field_index(name), facts.schema.field(name), column)
    return facts


def _read_rows(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the number and the cells of every line below the header."""
    try:
        with TextIOWrapper(open_regular(path), encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = tuple(next(reader, ()))
            if header != LABEL_COLUMNS:
                raise ManifestError(
                    f"data.labels '{path}': columns must be {', '.join(LABEL_COLUMNS)}, "
                    f"got {', '.join(header)[:60]!r}"
                )
            for cells in reader:
                yield reader.line_num, [free_cell(cell) for cell in cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(
            f"data.labels '{path}' cannot be read ({error}); "
            "give a labels.csv, as `reconcile --apply` writes it"
        ) from error


def _is_count(cell: str) -> bool:
    return cell.isascii() and cell.isdecimal() and len(cell) <= len(str(MAX_COUNT)) and int(cell) <= MAX_COUNT


def _describe_unknown(bin_ids: Sequence[str]) -> str:
    named = ", ".join(map(repr, bin_ids[:_MOST_NAMED])) + (
        " and others" if len(bin_ids) > _MOST_NAMED else ""
    )
    return (
        f"data.labels: {len(bin_ids):,} of its bins are not in the source ({named}); "
        "leave them out, or name the source whose bins were counted"
    )
