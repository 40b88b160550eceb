from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.features.conftest import name_photos, name_rows

from binrecon.errors import DamagedCacheError
from binrecon.features.row_table import RowTable
from binrecon.features.rows import BLOCK_ROWS, Block, RowKey
from binrecon.sealed_file import write_sealed


def test_of__blocks_in_order() -> None:
    keys = name_rows(BLOCK_ROWS + 2)[::-1]
    rows = RowTable.of(keys)
    assert rows.blocks == [Block(0, 0, BLOCK_ROWS), Block(1, BLOCK_ROWS, BLOCK_ROWS + 2)]
    assert [key for block in rows.blocks for key in rows.keys_of(block)] == keys


def test_of__nothing() -> None:
    rows = RowTable.of([])
    assert (len(rows), rows.blocks) == (0, [])
    assert rows.find(["a"], 0, np.zeros(0, bool)).tolist() == [-1]


def test_text_of__the_keys_of_a_block_alone() -> None:
    """Also where the table has grown in pieces."""
    rows = RowTable.of([RowKey("a", 0), RowKey("bc", 1)])
    grown = rows.add(pa.array(["a/0", "d/0"]), np.array([True]))
    assert [bytes(grown.text_of(block)) for block in grown.blocks] == [b"a/0\nbc/1\n", b"d/0\n"]


def test_read__what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    assert len(RowTable.read(path, "me")) == 0, "a store that is not there has no rows"
    rows = RowTable.of(name_rows(BLOCK_ROWS + 2))
    rows.write(path, "me")
    again = RowTable.read(path, "me")
    assert again.blocks == rows.blocks
    assert again.find(name_photos(3), 0, np.array([True, True])).tolist() == [0, 1, 2]


def test_read__no_rows(tmp_path: Path) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"other": [1]}), sink)
    write_sealed(tmp_path / "rows.parquet", sink.getvalue().to_pybytes(), "me")
    with pytest.raises(DamagedCacheError, match=r"rows.parquet' has other columns$"):
        RowTable.read(tmp_path / "rows.parquet", "me")
