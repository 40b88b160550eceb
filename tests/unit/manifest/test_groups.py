import time
from collections.abc import Iterable, Mapping
from itertools import combinations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binrecon.manifest.groups import find_groups, place_in_series
from binrecon.manifest.schema import SCHEMA

bins = st.dictionaries(
    st.one_of(
        st.integers(0, 30).map("{:05d}".format),
        st.integers(0, 30).map(str),
        st.integers(0, 30).map("{:030d}".format),
        st.integers(99_990, 100_010).map("{:05d}".format),
        st.sampled_from(["copy", "00001.jpg", "-1", "\u0661\u0662", "", "00001\n"]),
    ),
    st.one_of(st.none(), st.lists(st.sampled_from(["A", "B", "C", "D", None]))),
    max_size=40,
)

Asins = Mapping[str, Iterable[str | None] | None]


def group(asins_by_bin: Asins, size: int = 7) -> dict[str, str]:
    """Run `find_groups` on columns in chunks of `size` rows."""
    ids = sorted(asins_by_bin)
    items = [
        None if asins_by_bin[bin_id] is None else [{"asin": asin} for asin in asins_by_bin[bin_id]]
        for bin_id in ids
    ]
    starts = range(0, len(ids), size)
    id_column = pa.chunked_array([ids[start : start + size] for start in starts], pa.string())
    item_column = pa.chunked_array(
        [items[start : start + size] for start in starts], SCHEMA.field("items").type
    )
    return dict(zip(ids, find_groups(id_column, item_column).to_pylist(), strict=True))


def find_groups_slowly(asins_by_bin: Asins) -> dict[str, str]:
    """Compare every pair; join by relabelling."""
    groups = {bin_id: bin_id for bin_id in asins_by_bin}
    for one, other in combinations(asins_by_bin, 2):
        is_number = all(name.isascii() and name.isdecimal() for name in (one, other))
        is_near = is_number and abs(int(one) - int(other)) <= 2 and (len(one) < 5) == (len(other) < 5)
        if is_near and (set(asins_by_bin[one] or ()) & set(asins_by_bin[other] or ())) - {None}:
            name, gone = sorted((groups[one], groups[other]))
            groups = {bin_id: name if group == gone else group for bin_id, group in groups.items()}
    return groups


def test_find_groups__neighbours_that_share_a_product() -> None:
    assert group({"00001": ["A", "B"], "00002": ["B"]}) == {"00001": "00001", "00002": "00001"}


def test_find_groups__neighbours_that_share_nothing() -> None:
    assert group({"00001": ["A"], "00002": ["B"]}) == {"00001": "00001", "00002": "00002"}


def test_find_groups__products_without_number_are_not_shared() -> None:
    assert group({"00001": [None], "00002": [None]}) == {"00001": "00001", "00002": "00002"}


def test_find_groups__two_apart_but_not_three() -> None:
    groups = group({"00001": ["A"], "00003": ["A"], "00006": ["A"]})
    assert groups == {"00001": "00001", "00003": "00001", "00006": "00006"}


def test_find_groups__chain_through_different_products() -> None:
    groups = group({"00001": ["A"], "00002": ["A", "B"], "00004": ["B"], "00006": ["B"]})
    assert set(groups.values()) == {"00001"}


@pytest.mark.parametrize("between", [[], None])
def test_find_groups__a_bin_between_that_lacks_the_product(between: list[str] | None) -> None:
    assert group({"00001": ["A"], "00002": between, "00003": ["A"]})["00003"] == "00001"


def test_find_groups__series_never_mix() -> None:
    groups = group({"523": ["A"], "00523": ["A"], "524": ["A"], "00524": ["A"]})
    assert groups == {"523": "523", "524": "523", "00523": "00523", "00524": "00523"}


def test_find_groups__series_goes_on_past_its_padding() -> None:
    assert group({"99999": ["A"], "100000": ["A"]}) == {"99999": "100000", "100000": "100000"}


def test_find_groups__unpadded_ids_end_where_five_digits_begin() -> None:
    assert group({"9999": ["A"], "10000": ["A"]}) == {"9999": "9999", "10000": "10000"}


def test_find_groups__ids_that_are_no_numbers_stand_alone() -> None:
    groups = group({"00001": ["A"], "00001a": ["A"], "\u0661": ["A"], "\u00b2": ["A"], "-1": ["A"]})
    assert all(name == bin_id for bin_id, name in groups.items())


def test_find_groups__numbers_of_more_than_18_digits_stand_alone() -> None:
    groups = group({"1" * 19: ["A"], "1" * 18 + "2": ["A"], "1" * 18: ["A"], "1" * 17 + "2": ["A"]})
    assert {bin_id: name for bin_id, name in groups.items() if bin_id != name} == {"1" * 17 + "2": "1" * 18}


def test_find_groups__nothing() -> None:
    assert group({}) == {}


def test_find_groups__long_chain() -> None:
    groups = group({f"{number:05d}": ["A"] for number in range(20_000, 0, -1)}, size=3000)
    assert set(groups.values()) == {"00001"}


@given(bins, st.integers(1, 9))
def test_find_groups__same_as_comparing_every_pair(asins_by_bin: Asins, size: int) -> None:
    assert group(asins_by_bin, size) == find_groups_slowly(asins_by_bin)


@given(bins)
def test_find_groups__named_after_the_first_member(asins_by_bin: Asins) -> None:
    groups = group(asins_by_bin)
    for name in groups.values():
        assert name == min(bin_id for bin_id, other in groups.items() if other == name)


@pytest.mark.slow
def test_find_groups__time_grows_with_the_bins() -> None:
    def measure(count: int) -> float:
        ids = pa.chunked_array([[f"{number:06d}" for number in range(count)]])
        items = [[{"asin": f"A{number % 50}"}, {"asin": f"B{number // 2}"}] for number in range(count)]
        column = pa.chunked_array([items], SCHEMA.field("items").type)
        started = time.process_time()  # whatever else the machine does
        find_groups(ids, column)
        return time.process_time() - started

    measure(1000)
    assert measure(200_000) < 40 * measure(20_000)  # 10 times as long if linear, 100 times if quadratic


def test_place_in_series() -> None:
    ids = ["00001", "00003", "1", "3", "x", "0", "00000"]
    places = place_in_series(pa.chunked_array([ids[:3], ids[3:]])).tolist()
    assert (places[1] - places[0], places[3] - places[2]) == (2, 2)
    assert abs(places[0] - places[2]) > 10**18
    assert [place >= 0 for place in places] == [True, True, True, True, False, True, True]
