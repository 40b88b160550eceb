"""Wherever a user names a file, a named pipe is refused and never waited for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from binrecon.cloud.prices import read_prices
from binrecon.errors import BinreconError
from binrecon.inference.photos import Sight, read_square
from binrecon.manifest.labels import read_labels
from binrecon.models.state_file import read_state
from binrecon.published.json_file import read_json
from binrecon.reconcile.audit_file import read_audit
from binrecon.reconcile.inventory_file import read_text_columns
from binrecon.sources.s3.subset import read_ids

READERS: dict[str, Callable[[Path], object]] = {
    "audit.csv": read_audit,
    "ids.txt": read_ids,
    "inventory.csv": lambda path: read_text_columns(path, "bin_id", "recorded_count"),
    "inventory.parquet": lambda path: read_text_columns(path, "bin_id", "recorded_count"),
    "labels.csv": read_labels,
    "list.json": read_json,
    "list.json.gz": read_json,
    "photo.jpg": lambda path: read_square(path, Sight(32, "squash", "none")),
    "prices.yaml": read_prices,
    "weights.pt": read_state,
    "weights.safetensors": read_state,
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", READERS)
def test_a_named_pipe(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(BinreconError, match=r"a named pipe, not a file|\(OSError\)"):
        READERS[name](tmp_path / name)
