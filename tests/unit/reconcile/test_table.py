import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.reconcile.conftest import make_bins

from binrecon.errors import OutputError
from binrecon.manifest import CountRange
from binrecon.reconcile.budget import parse_budget
from binrecon.reconcile.decide import decide
from binrecon.reconcile.judge import Judgement
from binrecon.reconcile.pairs import Pairs
from binrecon.reconcile.photo_faults import PhotoFault
from binrecon.reconcile.table import build_table, join_item_names, neutralise, write_tables


def item(name: str | None) -> dict[str, object]:
    return {"asin": "B1", "name": name, "quantity": 1}


@pytest.fixture
def table() -> pa.Table:
    bins = make_bins(
        [1, 2, 0, None],
        has_photo=[True, True, True, True],
        items=[[item("=HYPERLINK(1)"), item("Cup")], [], None, None],
        record_reason=[None, None, None, "there is no record"],
    )
    rows = np.array([[0.1, 0.7, 0.2], [0.6, 0.3, 0.1], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
    chances = np.array([0.125, 0.75, 0.5, np.nan])
    posteriors = np.where(np.isnan(chances)[:, None], np.nan, rows[:, ::-1])
    found = Judgement(
        rows, ["1", "0 to 1", "0", None], posteriors, 1 - chances, chances, chances, chances > 0
    )
    faults = [PhotoFault("dark", [2], ["the photo is dark"])]
    decisions = decide(bins, np.array([1, 2, 0, -1]), found, faults, CountRange(0, 2), parse_budget("1 bin"))
    pairs = Pairs(np.array([1, 0, -1, -1]), np.array([0.25, 0.25, np.nan, np.nan]))
    return build_table(bins, found, decisions, pairs, np.array([1.0, 1.0, 1.0, np.nan]), min_count=0)


def test_build_table__ranks_then_photos_to_take_again_then_the_rest(table: pa.Table) -> None:
    assert table["bin_id"].to_pylist() == ["00001", "00000", "00002", "00003"]
    assert table["rank"].to_pylist() == [1, 2, None, None]
    assert table["decision"].to_pylist() == ["recount", "confirm", "rephotograph", "not_judged"]


def test_build_table__columns(table: pa.Table) -> None:
    assert [f"{field.name} {field.type}" for field in table.schema] == [
        "rank int32", "bin_id string", "decision string", "reason string",
        "recorded_count int32", "predicted_count int32", "mean_count float",
        "p_0 float", "p_1 float", "p_2 float", "p_match float", "variance_probability float",
        "likely_count int32", "expected_variance float", "count_set string",
        "sharpness float", "brightness float", "novelty float",
        "pair_bin_id string", "pair_change_probability float", "items string",
    ]  # fmt: skip
    first, second, _, last = table.to_pylist()
    assert first["predicted_count"] == 0
    assert first["likely_count"] == 2
    assert first["mean_count"] == pytest.approx(0.5)
    assert (first["pair_bin_id"], first["pair_change_probability"]) == ("00000", 0.25)
    assert (first["items"], second["items"], last["items"]) == ("", "=HYPERLINK(1); Cup", None)
    assert last["recorded_count"] is None
    assert last["predicted_count"] == 2
    assert [last[name] for name in ("p_match", "likely_count", "novelty", "pair_bin_id")] == [None] * 4


def test_join_item_names__of_several_chunks() -> None:
    kind = make_bins([1])["items"].type
    chunks = [pa.array([[item("a"), item(None)]], kind), pa.array([None, [], [item("b")]], kind)[1:]]
    assert join_item_names(pa.chunked_array(chunks)).to_pylist() == ["a; (no name)", "", "b"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_neutralise(start: str) -> None:
    table = pa.table(
        {"items": [f"{start}HYPERLINK(1)", f"a{start}b", "'", "", None], "number": [-1, -2, 3, 4, 5]}
    )
    safe = neutralise(table)
    assert safe["items"].to_pylist() == [f"'{start}HYPERLINK(1)", f"a{start}b", "'", "", None]
    assert safe["number"].equals(table["number"])


def test_write_tables(table: pa.Table, tmp_path: Path) -> None:
    write_tables(table, tmp_path / "new")
    assert pq.read_table(tmp_path / "new" / "reconciliation.parquet").equals(table), "every text as it is"
    with (tmp_path / "new" / "reconciliation.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[1]["items"] == "'=HYPERLINK(1); Cup"
    assert rows[0]["bin_id"] == "00001"
    assert rows[3]["p_match"] == ""
    assert len(list((tmp_path / "new").iterdir())) == 2, "no draft is left"


def test_write_tables__no_folder(table: pa.Table, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"^the results cannot be written to .* choose another output_dir"):
        write_tables(table, tmp_path / "file")
