import re

import pytest

from binrecon.errors import ManifestError
from binrecon.manifest import CountRange


def test_find_fault__in_range() -> None:
    assert [CountRange(1, 5).find_fault(count) for count in (1, 3, 5)] == [None, None, None]


def test_find_fault__above() -> None:
    assert CountRange(0, 5).find_fault(6) == "recorded count 6 is above the largest asked for, 5"
    assert CountRange(0, 5, "clip").find_fault(6) is None


@pytest.mark.parametrize("above_range", ["drop", "clip"])
def test_find_fault__below(above_range: str) -> None:
    fault = CountRange(1, 5, above_range).find_fault(0)
    assert fault == "recorded count 0 is below the smallest asked for, 1"


def test_label_counts__drop() -> None:
    assert CountRange(0, 5).label_counts([0, 5, 3]) == [0, 5, 3]


def test_label_counts__clip() -> None:
    assert CountRange(0, 5, "clip").label_counts([0, 5, 88, 6]) == [0, 5, 5, 5]


def test_label_counts__bins_of_another_range() -> None:
    message = "recorded count 7 is above the largest asked for, 5; build the manifest anew with counts 0..5"
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        CountRange(0, 5).label_counts([1, 7])


def test_counts() -> None:
    assert list(CountRange(2, 4).counts) == [2, 3, 4]


def test_str() -> None:
    assert str(CountRange(0, 5)) == "0..5"
    assert str(CountRange(0, 5, "clip")) == "0..5 or more"


@pytest.mark.parametrize(("min_count", "max_count"), [(-1, 5), (5, 4)])
def test_count_range__holds_nothing(min_count: int, max_count: int) -> None:
    message = (
        f"data.min_count={min_count}, data.max_count={max_count}: holds no count; "
        "choose 0 <= min_count <= max_count"
    )
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        CountRange(min_count, max_count)


def test_count_range__unknown_word() -> None:
    with pytest.raises(ManifestError, match=r"^data\.above_range: must be 'drop' or 'clip', got 'keep'$"):
        CountRange(0, 5, "keep")
