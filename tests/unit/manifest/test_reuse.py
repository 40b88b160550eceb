import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binrecon.manifest import reuse
from binrecon.manifest.facts import FACTS_SCHEMA, STAMPS_SCHEMA
from binrecon.manifest.reuse import Places, find_unchanged, gather_rows

SAME = {"size": 1, "mtime_ns": 2, "ctime_ns": 3}


def make_bins(schema: pa.Schema, stamps: dict[str, tuple[dict | None, dict | None]]) -> pa.Table:
    rows = [
        {"bin_id": bin_id, "photo_stamp": photo, "record_stamp": record}
        for bin_id, (photo, record) in sorted(stamps.items())
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def make_numbers(*numbers: int) -> pa.Table:
    return pa.table({"number": pa.array(numbers, pa.int64())})


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("key", ["size", "mtime_ns", "ctime_ns", None])
def test_find_unchanged__every_value_counts(part: int, key: str | None) -> None:
    stamps = [SAME, SAME]
    stamps[part] = {**SAME, key: 9} if key else None
    wanted = make_bins(STAMPS_SCHEMA, {"a": (SAME, SAME), "b": (SAME, SAME), "c": (None, None)})
    known = make_bins(FACTS_SCHEMA, {"a": tuple(stamps), "b": (SAME, SAME), "c": (None, None)})
    assert find_unchanged(wanted, [known]).is_missing.tolist() == [True, False, False]


def test_find_unchanged__last_table_counts_if_its_stamps_fit() -> None:
    old = {**SAME, "size": 9}
    wanted = make_bins(STAMPS_SCHEMA, dict.fromkeys("abc", (SAME, SAME)))
    known = [
        make_bins(FACTS_SCHEMA, {"a": (SAME, SAME), "b": (SAME, SAME)}),
        make_bins(FACTS_SCHEMA, {"b": (SAME, SAME), "d": (SAME, SAME)}),
        make_bins(FACTS_SCHEMA, {"a": (old, SAME), "b": (old, SAME)}),
    ]
    places = find_unchanged(wanted, known)
    assert places.tables.tolist() == [0, 1, -1]
    assert places.rows.tolist() == [0, 0, 0]


def test_find_unchanged__nothing_known() -> None:
    wanted = make_bins(STAMPS_SCHEMA, {"a": (SAME, SAME)})
    assert find_unchanged(wanted, []).is_missing.tolist() == [True]


def test_fill_in() -> None:
    places = Places(np.array([-1, 0, -1, -1]), np.array([0, 7, 0, 0])).fill_in(2, table_rows=2)
    assert places.tables.tolist() == [2, 0, 2, 3]
    assert places.rows.tolist() == [0, 7, 1, 0]


def test_gather_rows__whole_tables_are_not_copied() -> None:
    tables = [make_numbers(*range(20)), make_numbers(*range(20, 30))]
    addresses = [table["number"].chunk(0).buffers()[1].address for table in tables]
    places = Places(np.repeat([0, 1], [20, 10]), np.concatenate([np.arange(20), np.arange(10)]))
    gathered = gather_rows(tables, places)
    assert gathered["number"].to_pylist() == list(range(30))
    assert [chunk.buffers()[1].address for chunk in gathered["number"].chunks if len(chunk)] == addresses


def test_gather_rows__lets_go_of_every_table() -> None:
    tables = [make_numbers(1), make_numbers(2)]
    gather_rows(tables, Places(np.array([1, 0]), np.array([0, 0])))
    assert tables == []


def test_gather_rows__no_bins() -> None:
    nothing = np.empty(0, np.int64)
    assert len(gather_rows([make_numbers(1)], Places(nothing, nothing))) == 0


@given(st.lists(st.integers(-1, 3), max_size=60), st.integers(1, 9), st.integers(0, 3))
def test_gather_rows__every_bin_gets_its_own(origins: list[int], size: int, runs: int) -> None:
    """Bins lie in four tables, each with a row between that nobody wants."""
    tables = [[] for _ in range(4)]
    places = Places(np.empty(len(origins), np.int64), np.empty(len(origins), np.int64))
    for number, origin in enumerate(origins):
        tables[max(origin, 0)].extend([-1, number] if origin < 0 else [number])
        places.tables[number], places.rows[number] = max(origin, 0), len(tables[max(origin, 0)]) - 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reuse, "ROWS_PER_PIECE", size)
        patch.setattr(reuse, "MAX_RUNS", runs)
        gathered = gather_rows([make_numbers(*numbers) for numbers in tables], places)
    assert gathered["number"].to_pylist() == list(range(len(origins)))
