from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from binrecon.manifest.groups import find_groups

bins = st.dictionaries(
    st.one_of(
        st.integers(0, 30).map("{:05d}".format),
        st.integers(0, 30).map(str),
        st.integers(99_990, 100_010).map("{:05d}".format),
        st.sampled_from(["copy", "00001.jpg", "-1", "\u0661\u0662"]),
    ),
    st.sets(st.sampled_from("ABCDE")),
    max_size=40,
)


def find_groups_slowly(asins_by_bin: dict[str, set[str]]) -> dict[str, str]:
    """Compare every pair; join by relabelling."""
    groups = {bin_id: bin_id for bin_id in asins_by_bin}
    for one, other in combinations(asins_by_bin, 2):
        is_number = all(name.isascii() and name.isdecimal() for name in (one, other))
        is_near = is_number and abs(int(one) - int(other)) <= 2 and (len(one) < 5) == (len(other) < 5)
        if is_near and asins_by_bin[one] & asins_by_bin[other]:
            name, gone = sorted((groups[one], groups[other]))
            groups = {bin_id: name if group == gone else group for bin_id, group in groups.items()}
    return groups


def test_find_groups__neighbours_that_share_a_product() -> None:
    assert find_groups({"00001": ["A", "B"], "00002": ["B"]}) == {"00001": "00001", "00002": "00001"}


def test_find_groups__neighbours_that_share_nothing() -> None:
    assert find_groups({"00001": ["A"], "00002": ["B"]}) == {"00001": "00001", "00002": "00002"}


def test_find_groups__two_apart_but_not_three() -> None:
    groups = find_groups({"00001": ["A"], "00003": ["A"], "00006": ["A"]})
    assert groups == {"00001": "00001", "00003": "00001", "00006": "00006"}


def test_find_groups__chain_through_different_products() -> None:
    groups = find_groups({"00001": ["A"], "00002": ["A", "B"], "00004": ["B"], "00006": ["B"]})
    assert set(groups.values()) == {"00001"}


def test_find_groups__a_bin_between_that_lacks_the_product() -> None:
    assert find_groups({"00001": ["A"], "00002": [], "00003": ["A"]})["00003"] == "00001"


def test_find_groups__series_never_mix() -> None:
    groups = find_groups({"523": ["A"], "00523": ["A"], "524": ["A"], "00524": ["A"]})
    assert groups == {"523": "523", "524": "523", "00523": "00523", "00524": "00523"}


def test_find_groups__series_goes_on_past_its_padding() -> None:
    assert find_groups({"99999": ["A"], "100000": ["A"]}) == {"99999": "100000", "100000": "100000"}


def test_find_groups__unpadded_ids_end_where_five_digits_begin() -> None:
    assert find_groups({"9999": ["A"], "10000": ["A"]}) == {"9999": "9999", "10000": "10000"}


def test_find_groups__ids_that_are_no_numbers_stand_alone() -> None:
    groups = find_groups({"00001": ["A"], "00001a": ["A"], "\u0661": ["A"], "\u00b2": ["A"]})
    assert all(group == bin_id for bin_id, group in groups.items())


def test_find_groups__nothing() -> None:
    assert find_groups({}) == {}


def test_find_groups__long_chain() -> None:
    groups = find_groups({f"{number:05d}": ["A"] for number in range(20_000, 0, -1)})
    assert set(groups.values()) == {"00001"}


@given(bins)
def test_find_groups__same_as_comparing_every_pair(asins_by_bin: dict[str, set[str]]) -> None:
    assert find_groups(asins_by_bin) == find_groups_slowly(asins_by_bin)


@given(bins, st.randoms(use_true_random=False))
def test_find_groups__order_does_not_matter(asins_by_bin: dict[str, set[str]], random: object) -> None:
    shuffled = list(asins_by_bin.items())
    random.shuffle(shuffled)
    assert find_groups(dict(shuffled)) == find_groups(asins_by_bin)


@given(bins)
def test_find_groups__named_after_the_first_member(asins_by_bin: dict[str, set[str]]) -> None:
    groups = find_groups(asins_by_bin)
    for name in groups.values():
        assert name == min(bin_id for bin_id, group in groups.items() if group == name)
