import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binrecon.errors import ManifestError
from binrecon.manifest.groups import find_groups
from binrecon.manifest.split import SplitRule

RULE = SplitRule(val_fraction=0.15, test_fraction=0.25, seed=7)
NAMES = [f"{number:05d}" for number in range(20_000)]

bins = st.dictionaries(
    st.integers(0, 500).map("{:05d}".format), st.sets(st.sampled_from("ABCDE")), min_size=1, max_size=40
)


def test_split_of__pinned_forever() -> None:
    splits = [
        SplitRule(0.3, 0.3, seed=0).split_of(group) for group in ("00001", "00002", "00003", "523", "00523")
    ]
    assert splits == ["val", "train", "test", "train", "test"]


def test_split_of__fractions_are_met_on_average() -> None:
    shares = Counter(map(RULE.split_of, NAMES))
    assert shares["val"] / len(NAMES) == pytest.approx(0.15, abs=0.01)
    assert shares["test"] / len(NAMES) == pytest.approx(0.25, abs=0.01)


def test_split_of__seeds_differ() -> None:
    other = SplitRule(0.15, 0.25, seed=8)
    assert [RULE.split_of(name) for name in NAMES[:100]] != [other.split_of(name) for name in NAMES[:100]]


def test_split_of__test_groups_do_not_depend_on_val_fraction() -> None:
    other = SplitRule(val_fraction=0.6, test_fraction=0.25, seed=7)
    assert [RULE.split_of(n) == "test" for n in NAMES] == [other.split_of(n) == "test" for n in NAMES]


def test_split_of__zero_fractions() -> None:
    assert {SplitRule(0, 0).split_of(name) for name in NAMES} == {"train"}


@pytest.mark.parametrize(("val", "test"), [(-0.1, 0.2), (0.2, -0.1), (0.5, 0.5), (float("nan"), 0.1)])
def test_split_rule__refused(val: float, test: float) -> None:
    message = (
        f"data.val_fraction={val}, data.test_fraction={test}: "
        "both must be at least 0 and their sum below 1, so that bins are left to train on"
    )
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        SplitRule(val, test)


@given(bins, st.sets(st.integers(600, 900).map("{:05d}".format)))
def test_adding_unrelated_bins_moves_none(asins_by_bin: dict[str, set[str]], new: set[str]) -> None:
    before = find_groups(asins_by_bin)
    after = find_groups({**asins_by_bin, **{bin_id: {"A"} for bin_id in new}})
    for bin_id, group in before.items():
        assert RULE.split_of(after[bin_id]) == RULE.split_of(group)


@given(bins)
def test_related_bins_share_a_split(asins_by_bin: dict[str, set[str]]) -> None:
    groups = find_groups(asins_by_bin)
    for bin_id, asins in asins_by_bin.items():
        for distance in (1, 2):
            neighbour = f"{int(bin_id) + distance:05d}"
            is_related = bool(asins & asins_by_bin.get(neighbour, set()))
            assert not is_related or RULE.split_of(groups[bin_id]) == RULE.split_of(groups[neighbour])
