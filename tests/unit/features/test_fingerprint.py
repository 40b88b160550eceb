import json
from pathlib import Path

import pytest
from tests.unit.features.conftest import MakeStore, name_rows

from binrecon.features.fingerprint import read_fingerprint


def test_read_fingerprint(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store()
    store.add_rows(name_rows(2))
    assert read_fingerprint(store.folder) == store.fingerprint
    assert read_fingerprint(tmp_path) is None


@pytest.mark.parametrize(
    "content", ["", "[]", "null", "[" * 100_000, "\udcff", '{"backbone": 1}'], ids=lambda text: text[:9]
)
def test_read_fingerprint__damaged(make_store: MakeStore, content: str) -> None:
    store = make_store()
    store.add_rows(name_rows(2))
    (store.folder / "fingerprint.json").write_text(content, errors="surrogateescape")
    assert read_fingerprint(store.folder) is None


def test_read_fingerprint__of_another_store(make_store: MakeStore) -> None:
    store = make_store()
    store.add_rows(name_rows(2))
    path = store.folder / "fingerprint.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "resize": "pad"}))
    assert read_fingerprint(store.folder) is None
