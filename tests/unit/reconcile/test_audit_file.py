import csv
from pathlib import Path

import pytest

from binrecon.errors import AuditError
from binrecon.reconcile.audit_file import AuditRow, read_audit
from binrecon.reconcile.audit_words import AUDIT_COLUMNS, Verdict

HEADER = ",".join(AUDIT_COLUMNS)
GOOD = "00004,2,3,correct,2026-11-26T10:00:00Z,,abc"


def write(tmp_path: Path, *lines: str, header: str = HEADER) -> Path:
    path = tmp_path / "audit.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def message(path: Path) -> str:
    with pytest.raises(AuditError) as caught:
        read_audit(path)
    return str(caught.value).replace(str(path), "audit.csv")


def test_read_audit(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        GOOD,
        '00005,0,0,confirm,,"said ""fine"", twice",abc',
        "00006,9,,recount,,,abc",
        "00007,,4,correct,,,abc",
        "00008,1,2,recount,,typed in a spreadsheet,abc",
        "00009,1,,note,,,abc",
    )
    rows = read_audit(path)
    assert rows[0] == AuditRow("00004", 2, 3, Verdict.CORRECT, "2026-11-26T10:00:00Z", "", "abc", 2)
    assert [(row.recorded_count, row.audited_count) for row in rows[1:]] == [
        (0, 0),
        (9, None),
        (None, 4),
        (1, 2),
        (1, None),
    ]
    assert rows[1].note == 'said "fine", twice'


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_read_audit__as_spreadsheets_save_it(tmp_path: Path, delimiter: str, encoding: str, end: str) -> None:
    path = tmp_path / "audit.csv"
    cells = ["00004", "2", "3", "correct", "2026-11-26T10:00:00Z", "Gerät, klein; \u2028 alt", "abc"]
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=end)
        writer.writerows([AUDIT_COLUMNS, cells, [""] * len(cells)])
    (row,) = read_audit(path)
    assert (row.bin_id, row.audited_count, row.note) == ("00004", 3, cells[5])


def test_read_audit__with_what_a_spreadsheet_puts_around_the_table(tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEADER};;".replace(",", ";"), f"{GOOD};; ".replace(",", ";"), header="sep=;")
    (row,) = read_audit(path)
    assert (row.bin_id, row.audited_count, row.line) == ("00004", 3, 3)


def test_read_audit__a_cell_beyond_the_table(tmp_path: Path) -> None:
    expected = "audit 'audit.csv', line 2: 9 cells, not 7; export it anew from the page"
    assert message(write(tmp_path, f"{GOOD},,x", header=f"{HEADER},,")) == expected


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "'=1+1", "''@", "'tis", "plain"])
def test_read_audit__takes_off_what_kept_a_text_from_being_a_formula(tmp_path: Path, text: str) -> None:
    guarded = f"'{text}" if text.lstrip("'")[0] in "=+-@" else text
    (row,) = read_audit(write(tmp_path, f"00004,2,3,correct,,{guarded},abc"))
    assert row.note == text


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "00004,2,2.5,correct,,,abc",
            "audited_count is '2.5', not a whole number from 0 to 9,999; mend it, or leave it empty",
        ),
        (
            "00004,2,-1,correct,,,abc",
            "audited_count is '-1', not a whole number from 0 to 9,999; mend it, or leave it empty",
        ),
        (
            "00004,2,10000,correct,,,abc",
            "audited_count is '10000', not a whole number from 0 to 9,999; mend it, or leave it empty",
        ),
        (
            f"00004,2,{'9' * 5000},correct,,,abc",
            f"audited_count is '{'9' * 40}…', not a whole number from 0 to 9,999; mend it, or leave it empty",
        ),
        (
            "00004,2,²,correct,,,abc",
            "audited_count is '²', not a whole number from 0 to 9,999; mend it, or leave it empty",
        ),
        (
            "00004,two,2,correct,,,abc",
            "recorded_count is 'two', not a whole number from 0 to 2,147,483,647; mend it, or leave it empty",
        ),
        (
            "00004,2,2,confrim,,,abc",
            "decision is 'confrim'; decisions are confirm, correct, recount, note. Did you mean 'confirm'?",
        ),
        (
            "00004,2,,confirm,,,abc",
            "decision is confirm, but audited_count is empty; enter what was counted, or say recount",
        ),
        (
            "00004,2,3,confirm,,,abc",
            "decision is confirm, but 3 was counted and 2 is recorded; say correct",
        ),
        (
            "00004,,3,confirm,,,abc",
            "decision is confirm, but 3 was counted and nothing is recorded; say correct",
        ),
        ("00004,2,2,correct,,,abc", "decision is correct, but 2 was counted as recorded; say confirm"),
        ("00004,2,2,note,,,abc", "decision is note, but 2 was counted; say confirm or correct"),
    ],
)
def test_read_audit__refuses_a_row(tmp_path: Path, line: str, problem: str) -> None:
    said = message(write(tmp_path, GOOD, line))
    assert said == f"audit 'audit.csv': 1 problem; nothing was applied\n  line 3: {problem}"


def test_read_audit__names_every_problem_up_to_twenty(tmp_path: Path) -> None:
    said = message(write(tmp_path, *["00004,2,x,correct,,,abc"] * 23)).splitlines()
    assert said[0] == "audit 'audit.csv': 23 problems; nothing was applied"
    assert len(said) == 22
    assert said[-1] == "  and 3 more"


@pytest.mark.parametrize(
    ("header", "message_part"),
    [
        (
            "bin_id,count",
            "it lacks recorded_count, audited_count, decision, time, note, reconciliation and has unknown 'count'; "
            "columns are bin_id, recorded_count, audited_count, decision, time, note, reconciliation",
        ),
        (HEADER + ",note", "it repeats note; columns are"),
        ("\n", "it lacks bin_id"),
    ],
)
def test_read_audit__refuses_other_columns(tmp_path: Path, header: str, message_part: str) -> None:
    said = message(write(tmp_path, GOOD, header=header))
    assert said.startswith("audit 'audit.csv': not the columns of the page: ")
    assert message_part in said
    assert said.endswith("export it anew from the page")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            HEADER.encode(),
            "audit 'audit.csv' has no row; enter counts on the page, then export them again",
        ),
        (
            HEADER.encode() + b"\n00004,2,3,correct,,Ger\xe4t,abc\n",
            f"audit 'audit.csv': byte {len(HEADER) + 23} is not UTF-8; save it as 'CSV UTF-8', or export it anew from the page",
        ),
        (
            HEADER.encode() + b"\n00004,2,3\n",
            "audit 'audit.csv', line 2: 3 cells, not 7; export it anew from the page",
        ),
        (
            HEADER.encode() + b'\n00004,2,3,correct,,"open,abc\n',
            "audit 'audit.csv', line 2: not CSV (unexpected end of data); export it anew from the page",
        ),
    ],
)
def test_read_audit__refuses_a_file(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "audit.csv"
    path.write_bytes(content)
    assert message(path) == expected


def test_read_audit__refuses_what_is_not_there(tmp_path: Path) -> None:
    said = message(tmp_path / "audit.csv")
    assert said == (
        "audit 'audit.csv' cannot be read (No such file or directory); "
        "give the file that the page's 'Export' made"
    )
