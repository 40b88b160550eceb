import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from binrecon.errors import ManifestError
from binrecon.published import PublishedSplit, read_counting_list, read_file_list
from binrecon.published.lists import find_list

from .conftest import write_list

REMEDY = "; get the list anew, whole and unchanged"


def expect(message: str) -> str:
    return f"^{re.escape(message)}$"


# --- find_list


@pytest.mark.parametrize("file_name", ["counting_val.json", "counting_val.json.gz"])
def test_find_list(tmp_path: Path, file_name: str) -> None:
    path = write_list(tmp_path / file_name, [])
    assert find_list(tmp_path, "counting_val.json") == path


def test_find_list__prefers_the_plain_file(tmp_path: Path) -> None:
    write_list(tmp_path / "file_list.json.gz", {})
    path = write_list(tmp_path / "file_list.json", {})
    assert find_list(tmp_path, "file_list.json") == path


def make_nothing(path: Path) -> None:
    pass


def make_folder_named_as_the_list(path: Path) -> None:
    (path / "counting_val.json").mkdir(parents=True)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (make_nothing, "does not exist"),
        (Path.mkdir, "lacks a list"),
        (make_folder_named_as_the_list, "lacks a list"),
        (Path.touch, "is not a folder"),
    ],
)
def test_find_list__missing(tmp_path: Path, make: Callable[[Path], None], fault: str) -> None:
    folder = tmp_path / "lists"
    make(folder)
    message = (
        f"lists_dir: '{folder}' {fault} (looked for 'counting_val.json' and 'counting_val.json.gz'); "
        "the lists are not part of binrecon: counting_train.json and counting_val.json ship in the GitHub "
        "repository pablo-tech/Image-Inventory-Reconciliation-with-SVM-and-CNN under data-processing/, "
        "file_list.json in udacity/nd009t-capstone-starter under starter/; put them into one folder and name it "
        "with lists_dir=PATH or in the environment as BINRECON_LISTS"
    )
    with pytest.raises(ManifestError, match=expect(message)):
        find_list(folder, "counting_val.json")


def test_find_list__cannot_be_searched(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 999)
    start = f"lists_dir: '{folder}' cannot be searched: File name too long (looked for "
    with pytest.raises(ManifestError, match=f"^{re.escape(start)}"):
        find_list(folder, "file_list.json")


# --- read_counting_list


@pytest.mark.parametrize("file_name", ["some.json", "some.json.gz"])
def test_read_counting_list(tmp_path: Path, file_name: str) -> None:
    path = write_list(
        tmp_path / file_name, [[253, 5], [0, 0], [133873, 3], [9998, 12], [99998, 1], [99999, 1]]
    )
    assert list(read_counting_list(path).items()) == [
        ("00254", 5),
        ("00001", 0),
        ("133874", 3),
        ("09999", 12),
        ("99999", 1),
        ("100000", 1),
    ]


def test_read_counting_list__empty(tmp_path: Path) -> None:
    assert read_counting_list(write_list(tmp_path / "some.json", [])) == {}


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        ([-1, 3], "[-1, 3]"),
        ([7, -3], "[7, -3]"),
        ([7, True], "[7, True]"),
        ([False, 3], "[False, 3]"),
        ([7, 3.0], "[7, 3.0]"),
        ([7, float("nan")], "[7, nan]"),
        (["00008", 3], "['00008', 3]"),
        ([7, None], "[7, None]"),
        ([7], "[7]"),
        ([7, 3, 3], "[7, 3, 3]"),
        ({"7": 3}, "{'7': 3}"),
        (7, "7"),
        ("x" * 999, "'xxxxxxxxxxxx...xxxxxxxxxxxxx'"),
    ],
)
def test_read_counting_list__bad_entry(tmp_path: Path, entry: object, shown: str) -> None:
    path = write_list(tmp_path / "some.json", [[1, 2], entry])
    message = (
        f"list '{path}': entry 1 (the first is 0) is {shown}, "
        f"not [index, count], two whole numbers of at least 0{REMEDY}"
    )
    with pytest.raises(ManifestError, match=expect(message)):
        read_counting_list(path)


@pytest.mark.parametrize("data", [{"1": ["data/metadata/00001.json"]}, None, 3, "text"])
def test_read_counting_list__not_a_list(tmp_path: Path, data: object) -> None:
    path = write_list(tmp_path / "some.json", data)
    message = f"list '{path}' is {data!r}, not a list of [index, count]{REMEDY}"
    with pytest.raises(ManifestError, match=expect(message)):
        read_counting_list(path)


def test_read_counting_list__repeated(tmp_path: Path) -> None:
    path = write_list(tmp_path / "some.json", [[1, 2], [522, 4], [3, 3], [522, 4]])
    message = f"list '{path}': index 522 (bin '00523') is listed 2 times{REMEDY}"
    with pytest.raises(ManifestError, match=expect(message)):
        read_counting_list(path)


# --- read_file_list


def make_file_list(**changes: object) -> dict[str, object]:
    """Return Udacity's shape with one bin of each count, `changes` as c1=... for its keys."""
    made: dict[str, object] = {str(count): [f"data/metadata/0000{count}.json"] for count in range(1, 6)}
    return made | {name.removeprefix("c"): value for name, value in changes.items()}


@pytest.mark.parametrize("file_name", ["some.json", "some.json.gz"])
def test_read_file_list(tmp_path: Path, file_name: str) -> None:
    names = ["data/metadata/00523.json", "data/metadata/523.json", "data/metadata/100313.json"]
    path = write_list(tmp_path / file_name, make_file_list(c3=names, c1=[]))
    assert list(read_file_list(path).items()) == [
        ("00002", 2),
        ("00523", 3),
        ("523", 3),
        ("100313", 3),
        ("00004", 4),
        ("00005", 5),
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "'../../etc/passwd'"),
        ("data/metadata/../../x.json", "'data/metadata/../../x.json'"),
        ("data/metadata/a/00001.json", "'data/metadata/a/00001.json'"),
        ("data/metadata/..\\1.json", "'data/metadata/..\\\\1.json'"),
        ("data/metadata/.json", "'data/metadata/.json'"),
        ("data/metadata/-1.json", "'data/metadata/-1.json'"),
        ("data/metadata/1.json\n", "'data/metadata/1.json\\n'"),
        ("data/metadata/١.json", "'data/metadata/١.json'"),
        ("00001", "'00001'"),
        (7, "7"),
        (None, "None"),
    ],
)
def test_read_file_list__bad_name(tmp_path: Path, name: object, shown: str) -> None:
    path = write_list(tmp_path / "some.json", make_file_list(c2=["data/metadata/00009.json", name]))
    message = f"list '{path}': \"2\" lists {shown}, not data/metadata/ID.json with digits as the id{REMEDY}"
    with pytest.raises(ManifestError, match=expect(message)):
        read_file_list(path)


@pytest.mark.parametrize(
    "data",
    [[[1, 2]], 3, {"1": []}, {"0": [], "1": [], "2": [], "3": [], "4": []}, make_file_list(c6=[])],
)
def test_read_file_list__wrong_shape(tmp_path: Path, data: object) -> None:
    path = write_list(tmp_path / "some.json", data)
    shape = 'not an object with the counts "1" to "5" as its keys'
    with pytest.raises(ManifestError, match=f"^list '{path}' is .+, {shape}{REMEDY}$"):
        read_file_list(path)


def test_read_file_list__no_list_under_a_count(tmp_path: Path) -> None:
    path = write_list(tmp_path / "some.json", make_file_list(c4="data/metadata/00001.json"))
    message = f"list '{path}': \"4\" holds 'data/metadata/00001.json', not a list{REMEDY}"
    with pytest.raises(ManifestError, match=expect(message)):
        read_file_list(path)


@pytest.mark.parametrize("second", ["4", "5"])
def test_read_file_list__repeated_id(tmp_path: Path, second: str) -> None:
    lists_by_count = make_file_list(c4=["data/metadata/523.json"])
    lists_by_count[second] = ["data/metadata/523.json"] * (2 if second == "4" else 1)
    path = write_list(tmp_path / "some.json", lists_by_count)
    message = f"list '{path}': bin '523' is listed twice, under \"4\" and under \"{second}\"{REMEDY}"
    with pytest.raises(ManifestError, match=expect(message)):
        read_file_list(path)


# --- the real lists


def test_read_counting_list__real(unc: PublishedSplit, real_lists: Path) -> None:
    val = read_counting_list(find_list(real_lists, "counting_val.json"))
    assert list(val.items())[:2] == [("00004", 5), ("00037", 3)]  # [[3, 5], [36, 3], ...
    assert "00254" not in val
    assert unc.counts["00254"] == 5
    assert next(iter(unc.counts)) == "00005"  # train: [[4, 4], ...
    assert max(map(int, unc.counts)) == 535_234


def test_read_file_list__real(udacity: PublishedSplit) -> None:
    unpadded = {bin_id: count for bin_id, count in udacity.counts.items() if f"{int(bin_id):05d}" != bin_id}
    assert sorted(unpadded) == [str(number) for number in range(1000, 1052)]
    assert Counter(unpadded.values()) == {5: 51, 4: 1}
    assert unpadded["1000"] == 4
    assert len(udacity.counts) - len({int(bin_id) for bin_id in udacity.counts}) == 38


def test_read_file_list__real_against_unc(udacity: PublishedSplit, unc: PublishedSplit) -> None:
    assert unc.splits is not None
    shared = [bin_id for bin_id in udacity.counts if bin_id in unc.counts]
    assert len(shared) == 10_441 - 52
    assert all(udacity.counts[bin_id] == unc.counts[bin_id] for bin_id in shared)
    val = {bin_id for bin_id, split in unc.splits.items() if split == "val"}
    assert sum(bin_id in val for bin_id in udacity.counts) == 1032
    # the 1,039 that one reads elsewhere takes 7 unpadded ids for the padded ones
    assert sum(f"{int(bin_id):05d}" in val for bin_id in udacity.counts) == 1039
