import re
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.manifest.test_groups import group

from binrecon.errors import ManifestError
from binrecon.manifest import split
from binrecon.manifest.split import GroupedSplit, ListedSplit
from binrecon.published import PublishedSplit

RULE = GroupedSplit(val_fraction=0.15, test_fraction=0.25, seed=7)
NAMES = [f"{number:05d}" for number in range(20_000)]
UNC = PublishedSplit("unc", {"00002": 3, "523": 0}, {"00002": "val", "523": "train"})
POOL = PublishedSplit("udacity", {"00002": 3, "523": 1}, None)

bins = st.dictionaries(
    st.integers(0, 500).map("{:05d}".format), st.sets(st.sampled_from("ABCDE")), min_size=1, max_size=40
)


def column(*texts: str) -> pa.ChunkedArray:
    return pa.chunked_array([texts[:2], texts[2:]], pa.string())


def test_split_of__pinned_forever() -> None:
    splits = [
        GroupedSplit(0.3, 0.3, seed=0).split_of(group)
        for group in ("00001", "00002", "00003", "523", "00523")
    ]
    assert splits == ["val", "train", "test", "train", "test"]


def test_split_of__fractions_are_met_on_average() -> None:
    shares = Counter(map(RULE.split_of, NAMES))
    assert shares["val"] / len(NAMES) == pytest.approx(0.15, abs=0.01)
    assert shares["test"] / len(NAMES) == pytest.approx(0.25, abs=0.01)


def test_split_of__seeds_differ() -> None:
    other = GroupedSplit(0.15, 0.25, seed=8)
    assert [RULE.split_of(name) for name in NAMES[:100]] != [other.split_of(name) for name in NAMES[:100]]


def test_split_of__test_groups_do_not_depend_on_val_fraction() -> None:
    other = GroupedSplit(val_fraction=0.6, test_fraction=0.25, seed=7)
    assert [RULE.split_of(n) == "test" for n in NAMES] == [other.split_of(n) == "test" for n in NAMES]


def test_split_of__zero_fractions() -> None:
    assert {GroupedSplit(0, 0).split_of(name) for name in NAMES} == {"train"}


@pytest.mark.parametrize(("val", "test"), [(-0.1, 0.2), (0.2, -0.1), (0.5, 0.5), (float("nan"), 0.1)])
def test_grouped_split__refused(val: float, test: float) -> None:
    message = (
        f"data.val_fraction={val}, data.test_fraction={test}: "
        "both must be at least 0 and their sum below 1, so that bins are left to train on"
    )
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        GroupedSplit(val, test)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_grouped_split__assigns_by_group(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(split, "_BINS_PER_PIECE", size)
    groups = column("00001", "00001", "523", "00003")
    assigned = RULE.assign(column("00001", "00002", "523", "524"), groups)
    assert assigned.to_pylist() == [RULE.split_of(name) for name in groups.to_pylist()]
    assert RULE.list_counts(groups) is None
    assert RULE.count_listed() == {}
    assert (RULE.name, RULE.has_test, RULE.needs_records) == ("grouped", True, True)


def test_listed_split__as_published() -> None:
    rule = ListedSplit(UNC, RULE)
    ids = column("00001", "00002", "00523", "523")
    assert rule.assign(ids, column("x", "x", "x", "x")).to_pylist() == [None, "val", None, "train"]
    assert rule.list_counts(ids).to_pylist() == [None, 3, None, 0]
    assert rule.count_listed() == {"train": 1, "val": 1}
    assert (rule.name, rule.has_test, rule.needs_records) == ("unc", False, True)


def test_listed_split__pool_is_split_by_groups() -> None:
    rule = ListedSplit(POOL, RULE)
    assigned = rule.assign(column("00001", "00002", "523"), column("00001", "00001", "523"))
    assert assigned.to_pylist() == [None, RULE.split_of("00001"), RULE.split_of("523")]
    assert rule.count_listed() == {"all": 2}
    assert rule.has_test


def test_advise() -> None:
    by_fraction = "raise data.val_fraction, add bins, or try another data.split_seed"
    assert RULE.advise("val") == ListedSplit(POOL, RULE).advise("val") == by_fraction
    expected = "add bins that data.split=unc lists as test, or use another data.split"
    assert ListedSplit(UNC, RULE).advise("test") == expected


@given(bins, st.sets(st.integers(600, 900).map("{:05d}".format)))
def test_adding_unrelated_bins_moves_none(asins_by_bin: dict[str, set[str]], new: set[str]) -> None:
    before = group(asins_by_bin)
    after = group({**asins_by_bin, **{bin_id: {"A"} for bin_id in new}})
    for bin_id, name in before.items():
        assert RULE.split_of(after[bin_id]) == RULE.split_of(name)


@given(bins)
def test_related_bins_share_a_split(asins_by_bin: dict[str, set[str]]) -> None:
    groups = group(asins_by_bin)
    for bin_id, asins in asins_by_bin.items():
        for distance in (1, 2):
            neighbour = f"{int(bin_id) + distance:05d}"
            is_related = bool(asins & asins_by_bin.get(neighbour, set()))
            assert not is_related or RULE.split_of(groups[bin_id]) == RULE.split_of(groups[neighbour])
