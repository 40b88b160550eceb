from pathlib import Path

import pandas as pd
import pytest

from binrecon.errors import InventoryError
from binrecon.reconcile.inventory import read_inventory


def write(tmp_path: Path, content: str | bytes, name: str = "records.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refuse(path: Path, **columns: str) -> str:
    with pytest.raises(InventoryError) as caught:
        read_inventory(path, **columns)
    return str(caught.value)


def read(path: Path, **columns: str) -> list[tuple[str, int]]:
    inventory = read_inventory(path, **columns)
    return list(zip(inventory.bin_ids.to_pylist(), inventory.recorded_counts.tolist(), strict=True))


@pytest.mark.parametrize(
    "content",
    [
        "bin_id,recorded_count\n00523,3\n523,0\n",
        b"\xef\xbb\xbfbin_id,recorded_count\r\n00523,3\r\n523,0\r\n",
        "bin_id;recorded_count\n00523;3\n523;0",
        "bin_id\trecorded_count\n00523\t3\n523\t0\n",
        "bin_id\trecorded_count\n00523\t3\n523\t0\n".encode("utf-16"),
        "sep=;\r\nbin_id;recorded_count\r\n00523;3\r\n523;0\r\n",
        '"bin_id","recorded_count"\n"00523","3"\n"523","0"\n',
        "\n\nbin_id,recorded_count\n\n00523,3\n\n523,0\n",
        " Bin_ID , RECORDED_COUNT\n00523, 3 \n523,+0.0\n",
        "recorded_count,bin_id\n3.0,00523\n0.,523\n",
        b'bin_id,name,recorded_count\n00523,"caf\xe9, two\nlines",3\n523,,0\n',
    ],
)
def test_read_inventory__csv(tmp_path: Path, content: str | bytes) -> None:
    assert read(write(tmp_path, content)) == [("00523", 3), ("523", 0)]


def test_read_inventory__says_what_it_does_not_look_at(tmp_path: Path) -> None:
    path = write(tmp_path, "bin_id,zone, recorded_count,note,,\n1,A,2,,,\n")  # a spreadsheet adds commas
    assert read_inventory(path).ignored == ("zone", "note")


def test_read_inventory__takes_off_what_kept_an_id_from_being_a_formula(tmp_path: Path) -> None:
    """`labels.csv` and `reconciliation.csv` have it."""
    path = write(tmp_path, "bin_id,recorded_count\n'=cmd,2\n''-5,1\n'tis,3\n")
    assert read(path) == [("=cmd", 2), ("'-5", 1), ("'tis", 3)]


def test_read_inventory__other_names(tmp_path: Path) -> None:
    path = write(tmp_path, "Location,Qty\nA-1,2\n")
    assert read(path, bin_column="location", count_column="Qty") == [("A-1", 2)]


@pytest.mark.parametrize("counts", [[3, 0], [3.0, 0.0], ["3", "0"]])
def test_read_inventory__parquet(tmp_path: Path, counts: list[object]) -> None:
    path = tmp_path / "records.parquet"
    pd.DataFrame({"bin_id": ["00523", "523"], "recorded_count": counts}).to_parquet(path)
    assert read(path) == [("00523", 3), ("523", 0)]


def test_read_inventory__parquet_of_categories(tmp_path: Path) -> None:
    path = tmp_path / "records.parquet"
    table = pd.DataFrame({"bin_id": ["00523", "523"], "recorded_count": [3, 0]}).astype("category")
    table.to_parquet(path)
    assert read(path) == [("00523", 3), ("523", 0)]


def test_read_inventory__parquet_with_lists(tmp_path: Path) -> None:
    path = tmp_path / "records.parquet"
    pd.DataFrame({"bin_id": ["a"], "recorded_count": [[3]]}).to_parquet(path)
    assert refuse(path) == (
        f"inventory: the column 'recorded_count' of '{path}' is list<element: int64>, not numbers; "
        "write a count for each row"
    )


def test_read_inventory__parquet_with_numbers_for_bins(tmp_path: Path) -> None:
    path = tmp_path / "records.parquet"
    pd.DataFrame({"bin_id": [523], "recorded_count": [3]}).to_parquet(path)
    assert refuse(path) == (
        f"inventory: the column 'bin_id' of '{path}' is int64, not text; a bin's key is text "
        "(523 and 00523 are two bins), so write the column as strings"
    )


def test_read_inventory__parquet_with_odd_counts(tmp_path: Path) -> None:
    path = tmp_path / "records.parquet"
    pd.DataFrame({"bin_id": ["a", "b", "c"], "recorded_count": [1.5, None, 1e30]}).to_parquet(path)
    assert refuse(path) == (
        f"inventory: '{path}' has 3 kinds of wrong rows; mend them, or leave these bins out\n"
        "  1 row has no recorded_count: row 2 (bin 'b', count empty)\n"
        "  1 row has a count that is not whole: row 1 (bin 'a', count '1.5')\n"
        "  1 row has a count that is no number: row 3 (bin 'c', count '1e+30')"
    )


def test_read_inventory__every_wrong_count(tmp_path: Path) -> None:
    cells = ["-1", "2.5", "2,5", "2147483648", "9" * 30, "many", "1e3", "=1+1", "nan", "", "2147483647"]
    rows = "".join(f'{number:05d},"{cell}"\n' for number, cell in enumerate(cells))
    path = write(tmp_path, f"bin_id,recorded_count\n{rows}")
    assert refuse(path) == (
        f"inventory: '{path}' has 5 kinds of wrong rows; mend them, or leave these bins out\n"
        "  1 row has no recorded_count: row 11 (bin '00009', count empty)\n"
        "  1 row has a negative count: row 2 (bin '00000', count '-1')\n"
        "  2 rows have a count that is not whole: row 3 (bin '00001', count '2.5'); "
        "row 4 (bin '00002', count '2,5')\n"
        "  2 rows have a count above 2,147,483,647: row 5 (bin '00003', count '2147483648'); "
        "row 6 (bin '00004', count '999999999999999999999999999999')\n"
        "  4 rows have a count that is no number: row 7 (bin '00005', count 'many'); "
        "row 8 (bin '00006', count '1e3'); row 9 (bin '00007', count '=1+1') and 1 more"
    )


def test_read_inventory__wrong_bins(tmp_path: Path) -> None:
    path = write(tmp_path, 'bin_id,recorded_count\n1,2\n,3\n../x,1\n1,5\n"=HYPERLINK(""http://x"")",1\n1,2\n')
    assert refuse(path) == (
        f"inventory: '{path}' has 3 kinds of wrong rows; mend them, or leave these bins out\n"
        "  1 row has no bin_id: row 3 (bin empty, count '3')\n"
        "  2 rows have a bin_id that cannot be a photo's name: row 4 (bin '../x', count '1'); "
        "row 6 (bin '=HYPERLINK(\"http://x\")', count '1')\n"
        "  2 rows repeat the bin_id of an earlier row: row 5 (bin '1', count '5'); row 7 (bin '1', count '2')"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "bin,quantity\n1,2\n",
            "has no column 'bin_id'. Did you mean 'bin'? and has no column 'recorded_count'; its columns are "
            "'bin', 'quantity'. Say which they are with bin_column=NAME count_column=NAME",
        ),
        (
            "bin_id,record_count\n1,2\n",
            "has no column 'recorded_count'. Did you mean 'record_count'?; its columns are 'bin_id', "
            "'record_count'. Say which they are with bin_column=NAME count_column=NAME",
        ),
        (
            "bin_id,recorded_count,Bin_Id\n1,2,3\n",
            "has 2 columns 'bin_id'; its columns are 'bin_id', 'recorded_count', 'Bin_Id'. "
            "Say which they are with bin_column=NAME count_column=NAME",
        ),
        ("", "has no column 'bin_id' and has no column 'recorded_count'; its columns are none. "
         "Say which they are with bin_column=NAME count_column=NAME"),
        ("bin_id,recorded_count\n", "has no rows below its header; export it again"),
        (
            "bin_id,recorded_count\n1,2,3\n4\n5,6\n",
            "is not a table: row 2 has 3 cells instead of 2; row 3 has 1 cells instead of 2; "
            "put cells that hold the delimiter into double quotes",
        ),
    ],
)  # fmt: skip
def test_read_inventory__no_inventory(tmp_path: Path, content: str, message: str) -> None:
    path = write(tmp_path, content)
    assert refuse(path) == f"inventory: '{path}' {message}"


def test_read_inventory__not_utf8(tmp_path: Path) -> None:
    path = write(tmp_path, b"bin_id,recorded_count\ncaf\xe9,1\n")
    assert refuse(path).endswith("; save it as CSV UTF-8")


def test_read_inventory__no_file(tmp_path: Path) -> None:
    assert refuse(tmp_path / "a.csv").endswith("does not exist; give the path of a CSV or Parquet file")
    assert refuse(tmp_path / "a.xlsx").endswith("; save a spreadsheet as CSV UTF-8")
    assert "is no Parquet file that can be read" in refuse(write(tmp_path, "PAR1", "a.parquet"))


def test_read_inventory__a_million_rows(tmp_path: Path) -> None:
    rows = "\n".join(f"{number:07d},{number % 6}" for number in range(1_000_000))
    inventory = read_inventory(write(tmp_path, f"bin_id,recorded_count\n{rows}\n"))
    assert len(inventory.bin_ids) == 1_000_000
    assert inventory.recorded_counts[-1] == 999_999 % 6
