import re

import pytest

from binrecon.config.subset_words import Subset, list_range, parse_subset


@pytest.mark.parametrize(
    ("text", "subset"),
    [
        ("all", Subset("all")),
        ("fetched", Subset("fetched")),
        ("udacity", Subset("udacity")),
        ("stanford_150k", Subset("stanford_150k")),
        ("sample:500", Subset("sample", "500")),
        ("range:00001-00500", Subset("range", "00001-00500")),
        ("ids:some/where:else.txt", Subset("ids", "some/where:else.txt")),
    ],
)
def test_parse_subset(text: str, subset: Subset) -> None:
    assert parse_subset(text) == subset


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "udacty",
            "'udacty' is no subset; for instance unc, stanford_all, stanford_150k, udacity, ids:FILE, "
            "range:00001-00500, sample:500, all. Did you mean 'udacity'?",
        ),
        ("sample:0", "sample:N takes a whole number of bins from 1 on, got '0'"),
        ("sample:many", "sample:N takes a whole number of bins from 1 on, got 'many'"),
        ("range:1", "range:FIRST-LAST takes two ids such as range:00001-00500, got '1'"),
        ("range:00009-00001", "range:00009-00001: holds no bin; write the smaller id first"),
        (
            "range:523-00600",
            "range:523-00600: '523' and '00523' are different bins; give both ends 5 or more digits (the main "
            "series, 00001 to 535234), or both no leading zeros (the other, 1 to 1200)",
        ),
    ],
)
def test_parse_subset__says_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_subset(text)


@pytest.mark.parametrize("text", ["", "all:x", "sample", "sample:", "ids:", "udacity:1", "unknown:3"])
def test_parse_subset__no_subset(text: str) -> None:
    with pytest.raises(ValueError, match="is no subset"):
        parse_subset(text)


def test_list_range__padded_ids_grow_a_digit() -> None:
    assert list_range("99999-100001") == ["99999", "100000", "100001"]


def test_list_range__the_unpadded_series() -> None:
    assert list_range("998-1001") == ["998", "999", "1000", "1001"]
