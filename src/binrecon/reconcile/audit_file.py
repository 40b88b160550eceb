"""The file that the page exports, read back with every problem named."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from binrecon.config.spelling import did_you_mean
from binrecon.errors import AuditError
from binrecon.formulas import free_cell
from binrecon.manifest.record import MAX_COUNT
from binrecon.reconcile.audit_words import AUDIT_COLUMNS, LARGEST_COUNT, Verdict
from binrecon.reconcile.inventory_file import SEPARATOR_MARK, UTF16_MARKS
from binrecon.regular_file import read_regular

_DELIMITERS = (",", ";", "\t")
"""The page writes commas; spreadsheets of some countries save with the others."""

_LARGEST = {"recorded_count": MAX_COUNT, "audited_count": LARGEST_COUNT}
"""A record may claim any number."""

_MOST_PROBLEMS = 20
_MAX_BYTES = 1_000_000_000
_SHOWN_LENGTH = 40


@dataclass(frozen=True)
class AuditRow:
    """The entry of the auditor for one bin.

    Args:
        bin_id: The bin.
        recorded_count: What the page showed as its recorded count; None if it has none.
        audited_count: What was counted; None if nothing was.
        verdict: What the auditor said.
        time: When, as the file has it.
        note: A remark.
        reconciliation: Name of the reconciliation whose page it was entered on.
        line: Where it stands in the file, for messages.
    """

    bin_id: str
    recorded_count: int | None
    audited_count: int | None
    verdict: Verdict
    time: str
    note: str
    reconciliation: str
    line: int


class _Line(NamedTuple):
    number: int
    cells: dict[str, str]


def read_audit(path: Path) -> list[AuditRow]:
    """Read an audit, as the page wrote it or a spreadsheet saved it: whatever its delimiter.

    Raises:
        AuditError: If it cannot be read, has other columns or no row, or with every row that is not clear.
    """
    rows: list[AuditRow] = []
    problems: list[str] = []
    for line in _read_lines(path):
        faults = list(_find_faults(line.cells))
        if faults:
            problems += [f"line {line.number}: {fault}" for fault in faults]
        else:
            rows.append(_build_row(line))
    refuse_problems(path, problems)
    if not rows:
        raise AuditError(f"audit '{path}' has no row; enter counts on the page, then export them again")
    return rows


def refuse_problems(path: Path, problems: list[str]) -> None:
    """Raise one error that lists every problem, the first twenty in words.

    Raises:
        AuditError: If there is any.
    """
    if not problems:
        return
    count = len(problems)
    heading = f"audit '{path}': {count} problem{'' if count == 1 else 's'}; nothing was applied"
    more = [f"and {count - _MOST_PROBLEMS} more"] if count > _MOST_PROBLEMS else []
    raise AuditError("\n  ".join([heading, *problems[:_MOST_PROBLEMS], *more]))


def _read_lines(path: Path) -> Iterator[_Line]:
    text = _read_text(path)
    skipped = 1 if text[: len(SEPARATOR_MARK)].lower() == SEPARATOR_MARK else 0
    text = text.partition("\n")[2] if skipped else text
    delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = _drop_empty_end([name.strip() for name in next(reader, [])], 0)
        _check_header(path, header)
        for row in reader:
            if not any(map(str.strip, row)):
                continue
            line, cells = reader.line_num + skipped, _drop_empty_end(row, len(header))
            if len(cells) != len(header):
                raise AuditError(
                    f"audit '{path}', line {line}: {len(cells)} cells, not {len(header)}; "
                    "export it anew from the page"
                )
            yield _Line(line, dict(zip(header, map(free_cell, cells), strict=True)))
    except csv.Error as error:
        line = reader.line_num + skipped
        raise AuditError(
            f"audit '{path}', line {line}: not CSV ({error}); export it anew from the page"
        ) from error


def _drop_empty_end(cells: list[str], least: int) -> list[str]:
    """Drop the empty cells that a spreadsheet leaves beyond a table, down to so many."""
    used = max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[: max(used, least)]


def _read_text(path: Path) -> str:
    try:
        content = read_regular(path, _MAX_BYTES)
        return content.decode("utf-16" if content.startswith(UTF16_MARKS) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise AuditError(
            f"audit '{path}': byte {error.start} is not {error.encoding.upper()}; "
            "save it as 'CSV UTF-8', or export it anew from the page"
        ) from error
    except OSError as error:
        raise AuditError(
            f"audit '{path}' cannot be read ({error.strerror}); give the file that the page's 'Export' made"
        ) from error


def _check_header(path: Path, header: list[str]) -> None:
    missing = [name for name in AUDIT_COLUMNS if name not in header]
    unknown = [_shorten(name) for name in header if name not in AUDIT_COLUMNS]
    repeated = sorted({name for name in AUDIT_COLUMNS if header.count(name) > 1})
    verbs = (("lacks", missing), ("has unknown", unknown), ("repeats", repeated))
    faults = [f"{verb} {', '.join(names)}" for verb, names in verbs if names]
    if faults:
        raise AuditError(
            f"audit '{path}': not the columns of the page: it {' and '.join(faults)}; "
            f"columns are {', '.join(AUDIT_COLUMNS)}; export it anew from the page"
        )


def _find_faults(cells: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with one row, without a look at any other."""
    wrong = [name for name in _LARGEST if not _is_count(cells[name].strip(), _LARGEST[name])]
    for name in wrong:
        yield (
            f"{name} is {_shorten(cells[name])}, not a whole number from 0 to {_LARGEST[name]:,}; "
            "mend it, or leave it empty"
        )
    word = cells["decision"].strip()
    if word not in tuple(Verdict):
        words = ", ".join(Verdict)
        yield f"decision is {_shorten(word)}; decisions are {words}{did_you_mean(word, tuple(Verdict))}"
    elif not wrong:
        yield from _find_contradiction(Verdict(word), *(_parse_count(cells[name]) for name in _LARGEST))


def _find_contradiction(verdict: Verdict, recorded: int | None, audited: int | None) -> Iterator[str]:
    if verdict in (Verdict.CONFIRM, Verdict.CORRECT) and audited is None:
        yield f"decision is {verdict}, but audited_count is empty; enter what was counted, or say recount"
    elif verdict is Verdict.CONFIRM and audited != recorded:
        yield f"decision is confirm, but {audited} was counted and {_say(recorded)} is recorded; say correct"
    elif verdict is Verdict.CORRECT and audited == recorded:
        yield f"decision is correct, but {audited} was counted as recorded; say confirm"
    elif verdict is Verdict.NOTE and audited is not None:
        yield f"decision is note, but {audited} was counted; say confirm or correct"


def _say(count: int | None) -> str:
    return "nothing" if count is None else str(count)


def _is_count(cell: str, largest: int) -> bool:
    """Return whether a cell is empty or a count."""
    is_number = cell.isascii() and cell.isdecimal() and len(cell) <= len(str(largest))
    return not cell or (is_number and int(cell) <= largest)


def _parse_count(cell: str) -> int | None:
    return int(cell) if cell.strip() else None


def _build_row(line: _Line) -> AuditRow:
    cells = line.cells
    return AuditRow(
        bin_id=cells["bin_id"],
        recorded_count=_parse_count(cells["recorded_count"]),
        audited_count=_parse_count(cells["audited_count"]),
        verdict=Verdict(cells["decision"].strip()),
        time=cells["time"].strip(),
        note=cells["note"],
        reconciliation=cells["reconciliation"].strip(),
        line=line.number,
    )


def _shorten(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…")
