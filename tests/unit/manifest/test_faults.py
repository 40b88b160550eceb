import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.manifest.conftest import MakeFacts, ToTable

from binrecon.manifest import CountRange
from binrecon.manifest.faults import (
    FaultColumn,
    find_count_conflicts,
    find_out_of_range,
    find_repeated_photos,
    find_unlisted,
    judge_bins,
)


def column(*values: str | int | bool | None, kind: pa.DataType) -> pa.ChunkedArray:
    return pa.chunked_array([values[:1], values[1:]], kind)


def test_judge_bins__a_row_without_fault_stays() -> None:
    first = FaultColumn(*(column(None, text, None, kind=pa.string()) for text in ("missing_photo", "gone")))
    second = FaultColumn(*(column(None, text, text, kind=pa.string()) for text in ("out_of_range", "full")))
    statuses, reasons = judge_bins([first, second])
    assert statuses.to_pylist() == ["usable", "missing_photo", "out_of_range"]
    assert reasons.to_pylist() == [None, "gone; full", "full"]


@given(st.lists(st.tuples(*[st.sampled_from([None, "x", "y"])] * 3), min_size=1))
def test_judge_bins__joins_as_python_does(rows: list[tuple[str | None, ...]]) -> None:
    columns = [column(*texts, kind=pa.string()) for texts in zip(*rows, strict=True)]
    statuses, reasons = judge_bins([FaultColumn(texts, texts) for texts in columns])
    present = [[text for text in row if text is not None] for row in rows]
    assert statuses.to_pylist() == [texts[0] if texts else "usable" for texts in present]
    assert reasons.to_pylist() == ["; ".join(texts) or None for texts in present]


def test_find_count_conflicts() -> None:
    recorded, listed = (column(*counts, kind=pa.int32()) for counts in ((1, 2, None, 4), (1, 3, 3, None)))
    found = find_count_conflicts(recorded, listed, "unc")
    assert found.statuses.to_pylist() == [None, "contradictory_record", None, None]
    assert found.reasons[1].as_py() == "record: claims 2 items, but the published split 'unc' lists 3"


def test_find_repeated_photos__hashes_that_only_begin_alike(make_facts: MakeFacts, to_table: ToTable) -> None:
    hashes = {"00001": "a" * 64, "00004": "a" * 63 + "b", "00007": "a" * 64, "00009": "c" * 64}
    table = to_table(make_facts(bin_id, sha256=sha256) for bin_id, sha256 in hashes.items())
    is_listed = column(*[True] * 4, kind=pa.bool_())
    found = find_repeated_photos(table, table["recorded_count"], is_listed)
    assert found.reasons.to_pylist() == [None, None, "photo: byte for byte that of bin 00001", None]


def test_find_unlisted() -> None:
    found = find_unlisted(column(True, False, kind=pa.bool_()), "unc")
    assert found.statuses.to_pylist() == [None, "not_listed"]
    assert found.reasons.to_pylist() == [None, "the published split 'unc' does not list the bin"]


def test_find_out_of_range() -> None:
    found = find_out_of_range(column(3, None, 0, 9, 9, kind=pa.int32()), CountRange(1, 5))
    below = "recorded count 0 is below the smallest asked for, 1"
    above = "recorded count 9 is above the largest asked for, 5"
    assert found.statuses.to_pylist() == [None, None, *["out_of_range"] * 3]
    assert found.reasons.to_pylist() == [None, None, below, above, above]
