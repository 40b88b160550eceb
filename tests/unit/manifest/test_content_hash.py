from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binrecon.manifest.content_hash import hash_table

KINDS = {
    "text": pa.string(),
    "number": pa.int32(),
    "items": pa.list_(pa.struct([("name", pa.string()), ("quantity", pa.int32())])),
}
texts = st.one_of(st.none(), st.text("a\u00e9\U0001f4e6", max_size=3))
numbers = st.one_of(st.none(), st.integers(-3, 3))
rows = st.fixed_dictionaries(
    {
        "text": texts,
        "number": numbers,
        "items": st.one_of(
            st.none(),
            st.lists(st.fixed_dictionaries({"name": texts, "quantity": numbers}), max_size=3),
        ),
    }
)


def make_table(values: list[dict]) -> pa.Table:
    return pa.Table.from_pylist(values, schema=pa.schema(KINDS))


ONE = {"text": "a", "number": 1, "items": [{"name": "b", "quantity": 2}]}


@pytest.mark.parametrize(
    "change",
    [
        {"text": "b"},
        {"text": ""},
        {"text": None},
        {"number": 2},
        {"number": 0},
        {"number": None},
        {"items": None},
        {"items": []},
        {"items": [{"name": "b", "quantity": 3}]},
        {"items": [{"name": None, "quantity": 2}]},
        {"items": [{"name": "b", "quantity": 2}] * 2},
    ],
    ids=str,
)
def test_hash_table__every_value_counts(change: dict) -> None:
    assert hash_table(make_table([ONE, {**ONE, **change}])) != hash_table(make_table([ONE, ONE]))


def test_hash_table__names_and_numbers_of_rows_count() -> None:
    table = make_table([ONE])
    tables = [table, table.rename_columns(["a", "b", "c"]), table[:0], pa.concat_tables([table, table])]
    assert len({hash_table(one) for one in tables}) == 4


def test_hash_table__border_between_texts_counts() -> None:
    tables = [pa.table({"text": texts}) for texts in (["ab", "c"], ["a", "bc"], ["", "abc"], ["abc", ""])]
    assert len({hash_table(table) for table in tables}) == 4


def test_hash_table__what_stands_behind_a_null_does_not_count() -> None:
    valid = pa.py_buffer(b"\x01")
    hashes = set()
    for hidden in (b"aX", b"aY", b"aXYZ"):
        offsets = pa.array([0, 1, len(hidden)], pa.int32()).buffers()[1]
        column = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(hidden), valid)
        assert column.to_pylist() == ["a", None]
        hashes.add(hash_table(pa.table({"text": column})))
    assert len(hashes) == 1


def test_hash_table__other_kinds_are_refused() -> None:
    with pytest.raises(TypeError, match="no hash of a column of double"):
        hash_table(pa.table({"share": [0.5]}))


@given(st.lists(rows, max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_hash_table__not_the_chunks(values: list[dict], cuts: list[int]) -> None:
    table = make_table(values)
    borders = [0, *sorted(cuts), len(values)]
    pieces = [table[start:stop] for start, stop in pairwise(borders)]
    assert hash_table(pa.concat_tables(pieces)) == hash_table(table)


@given(st.lists(rows, max_size=3), st.lists(rows, max_size=3))
def test_hash_table__equal_only_if_the_values_are(one: list[dict], other: list[dict]) -> None:
    assert (hash_table(make_table(one)) == hash_table(make_table(other))) == (one == other)
