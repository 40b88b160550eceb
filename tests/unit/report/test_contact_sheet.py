from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from binrecon.config.compose import compose_config, to_typed
from binrecon.errors import SourceError
from binrecon.report import contact_sheet
from binrecon.report.contact_sheet import draw_contact_sheet


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("bin-images", "metadata"):
        (tmp_path / folder).mkdir()
    for number in range(5):
        Image.new("RGB", (8, 6), (40 * number, 0, 0)).save(tmp_path / "bin-images" / f"{number}.jpg")
    return tmp_path


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, list[str]]]:
    """What goes onto the sheet: photos and captions."""
    sheets: list[tuple[Any, list[str]]] = []

    def keep(photos: Any, captions: list[str], path: Path, columns: int) -> None:  # noqa: ANN401  # a sequence
        sheets.append((photos, captions))

    monkeypatch.setattr(contact_sheet, "draw_photo_sheet", keep)
    return sheets


def draw(root: Path, *words: str) -> None:
    places = ["source=local", f"source.root={root}", f"path={root / 'sheet.png'}"]
    draw_contact_sheet(to_typed(compose_config("show", [*places, *words])))


def test_draw_contact_sheet__a_photo_that_cannot_be_read_is_said_to_be(
    root: Path, drawn: list[tuple[Any, list[str]]]
) -> None:
    (root / "bin-images" / "1.jpg").write_bytes(b"not a photo")
    (root / "metadata" / "0.json").write_text('{"BIN_FCSKU_DATA": {}, "EXPECTED_QUANTITY": 0}')
    (root / "metadata" / "2.json").write_text("{")
    draw(root)
    ((photos, captions),) = drawn
    assert captions == [
        "0: 0 items",
        "1: no record\nnot a JPEG: it is text that begins 'not a photo'",
        "2: record unreadable",
        "3: no record",
        "4: no record",
    ]
    assert [photo.shape for photo in photos] == [(6, 8, 3), (1, 1, 3), *[(6, 8, 3)] * 3]
    np.testing.assert_allclose(photos[3][0, 0], (120, 0, 0), atol=6)


def test_draw_contact_sheet__spreads_over_all_bins(root: Path, drawn: list[tuple[Any, list[str]]]) -> None:
    draw(root, "photos=3")
    ((_, captions),) = drawn
    assert [caption.partition(":")[0] for caption in captions] == ["0", "1", "3"]


def test_draw_contact_sheet__no_photo(root: Path) -> None:
    for photo in (root / "bin-images").iterdir():
        photo.unlink()
    (root / "metadata" / "0.json").touch()
    with pytest.raises(SourceError, match=f"^source.root: '{root}' has records, but no photo to show$"):
        draw(root)
