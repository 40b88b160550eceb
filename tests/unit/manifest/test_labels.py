from collections.abc import Callable
from pathlib import Path

import pytest

from binrecon.errors import ManifestError
from binrecon.manifest import CountRange, GroupedSplit, build_manifest
from binrecon.manifest.labels import read_labels
from binrecon.sources import LocalSource

RANGE = CountRange(0, 5)
RULE = GroupedSplit(val_fraction=0.2, test_fraction=0.2, seed=0)


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "labels.csv"
    path.write_bytes(content)
    return path


def test_read_labels(tmp_path: Path) -> None:
    path = write(tmp_path, b'\xef\xbb\xbfbin_id,recorded_count\r\n00004,3\r\n4,0\r\n"a,b",12\r\n')
    assert read_labels(path) == {"00004": 3, "4": 0, "a,b": 12}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,count\n1,2\n", "columns must be bin_id, recorded_count, got 'id, count'"),
        (b"", "columns must be bin_id, recorded_count, got ''"),
        (
            b"bin_id,recorded_count\n1,2.5\n",
            "line 2: must be a bin_id and a whole number from 0 to 2,147,483,647, got '1,2.5'",
        ),
        (
            b"bin_id,recorded_count\n1\n",
            "line 2: must be a bin_id and a whole number from 0 to 2,147,483,647, got '1'",
        ),
        (b"bin_id,recorded_count\n1,2\n1,2\n", "line 3: bin '1' stands there twice; keep one"),
    ],
)
def test_read_labels__refuses(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(ManifestError) as caught:
        read_labels(path)
    assert (
        str(caught.value).replace(str(path), "labels.csv").removeprefix("data.labels 'labels.csv'")[2:]
        == message
    )


def test_read_labels__refuses_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"give a labels\.csv, as `reconcile --apply` writes it"):
        read_labels(write(tmp_path, b"bin_id,recorded_count\n\xff,1\n"))


def test_build_manifest__takes_labels_in_place_of_records(
    add_bin: Callable[..., None], tmp_path: Path
) -> None:
    """What is wrong with a record no longer matters once somebody has counted."""
    add_bin("00001", 2)
    add_bin("00010", 2)
    add_bin("00020", None)
    add_bin("00030", record=b"{")
    add_bin("00040", record=b'{"EXPECTED_QUANTITY": 5, "BIN_FCSKU_DATA": {}}')
    add_bin("00050", 1)
    labels = {"00050": 9, "00010": 0, "00020": 4, "00030": 1, "00040": 3}
    rows = build_manifest(LocalSource(tmp_path), RANGE, RULE, labels=labels).table.to_pylist()
    assert [(row["bin_id"], row["recorded_count"], row["status"]) for row in rows] == [
        ("00001", 2, "usable"),
        ("00010", 0, "usable"),
        ("00020", 4, "usable"),
        ("00030", 1, "usable"),
        ("00040", 3, "usable"),
        ("00050", 9, "out_of_range"),
    ]


def test_build_manifest__refuses_labels_of_bins_that_are_not_there(
    add_bin: Callable[..., None], tmp_path: Path
) -> None:
    add_bin("00001", 2)
    labels = dict.fromkeys(["00001", "1", "2", "3", "4"], 1)
    with pytest.raises(ManifestError) as caught:
        build_manifest(LocalSource(tmp_path), RANGE, RULE, labels=labels)
    assert str(caught.value) == (
        "data.labels: 4 of its bins are not in the source ('1', '2', '3' and others); "
        "leave them out, or name the source whose bins were counted"
    )
