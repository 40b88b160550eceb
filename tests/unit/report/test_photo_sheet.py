from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from binrecon.report.photo_sheet import draw_photo_sheet

SIDE, GAP = 200, 16
RED, MAT, FRAME = (255, 0, 0), (233, 235, 238), (200, 50, 30)


def read_pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture)


def build_photo(height: int = 60, width: int = 60, colour: tuple[int, int, int] = RED) -> np.ndarray:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def is_colour(pixels: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.abs(pixels.astype(int) - colour).max(axis=-1) <= 3


@pytest.mark.parametrize(("photo_count", "columns", "rows"), [(1, 1, 1), (6, 6, 1), (7, 6, 2), (13, 6, 3)])
def test_draw_photo_sheet__size(photo_count: int, columns: int, rows: int, tmp_path: Path) -> None:
    draw_photo_sheet([build_photo()] * photo_count, ["one line"] * photo_count, tmp_path / "sheet.png")

    height, width, _ = read_pixels(tmp_path / "sheet.png").shape
    assert width == GAP + columns * (SIDE + GAP)
    assert height == GAP + rows * (SIDE + 6 + 19 + GAP)


def test_draw_photo_sheet__order_and_place(tmp_path: Path) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]

    draw_photo_sheet(
        [build_photo(colour=colour) for colour in colours], [""] * 3, tmp_path / "s.png", columns=2
    )

    pixels = read_pixels(tmp_path / "s.png")
    below = GAP + SIDE + 6 + 19 + GAP + SIDE // 2
    right = GAP + SIDE + GAP + SIDE // 2
    middle = GAP + SIDE // 2
    assert [tuple(pixels[at]) for at in ((middle, middle), (middle, right), (below, middle))] == colours
    assert tuple(pixels[below, right]) == (255, 255, 255)


@pytest.mark.parametrize(("height", "width"), [(50, 100), (100, 50), (500, 1000), (1089, 620)])
def test_draw_photo_sheet__fits_the_whole_photo(height: int, width: int, tmp_path: Path) -> None:
    draw_photo_sheet([build_photo(height, width)], [""], tmp_path / "sheet.png")

    cell = read_pixels(tmp_path / "sheet.png")[GAP : GAP + SIDE, GAP : GAP + SIDE]
    is_photo = is_colour(cell, RED)
    scale = SIDE / max(height, width)
    assert is_photo.any(axis=1).sum() == pytest.approx(height * scale, abs=1)
    assert is_photo.any(axis=0).sum() == pytest.approx(width * scale, abs=1)
    assert is_colour(cell[~is_photo], MAT).all()


def test_draw_photo_sheet__caption_is_below_its_photo(tmp_path: Path) -> None:
    draw_photo_sheet([build_photo()] * 2, ["recorded 3\npredicted 5", ""], tmp_path / "sheet.png")

    below = read_pixels(tmp_path / "sheet.png")[GAP + SIDE :]
    has_ink = (below < 128).all(axis=2)
    assert has_ink[:, GAP : GAP + SIDE].sum() > 100
    assert not has_ink[:, GAP + SIDE :].any()


@pytest.mark.parametrize("caption", ["word " * 200, "x" * 200, "line\n" * 30])
def test_draw_photo_sheet__long_caption_stays_in_its_column(caption: str, tmp_path: Path) -> None:
    draw_photo_sheet([build_photo()] * 2, [caption, ""], tmp_path / "sheet.png")

    pixels = read_pixels(tmp_path / "sheet.png")
    assert pixels.shape[0] <= GAP + SIDE + 6 + 4 * 19 + GAP
    assert (pixels[GAP + SIDE :, GAP + SIDE + 2 :] == 255).all()


def test_draw_photo_sheet__highlight(tmp_path: Path) -> None:
    grey = build_photo(colour=(128, 128, 128))

    draw_photo_sheet([grey, grey], ["wrong", "right"], tmp_path / "sheet.png", highlight=[True, False])

    is_red = is_colour(read_pixels(tmp_path / "sheet.png"), FRAME)
    edge = GAP + SIDE + GAP // 2
    assert is_red[GAP - 2, GAP : GAP + SIDE].all()
    assert is_red[GAP + SIDE + 6 :, :edge].any()
    assert not is_red[:, edge:].any()


def test_draw_photo_sheet__title(tmp_path: Path) -> None:
    draw_photo_sheet([build_photo()], [""], tmp_path / "plain.png")
    draw_photo_sheet(
        [build_photo()], [""], tmp_path / "titled.png", title="The bins that are most wrong, val"
    )

    plain, titled = read_pixels(tmp_path / "plain.png"), read_pixels(tmp_path / "titled.png")
    assert titled.shape[0] > plain.shape[0]
    assert titled.shape[1] > plain.shape[1]
    assert (titled[:, -GAP:] == 255).all()
    assert (titled[:GAP] == 255).all()


def test_draw_photo_sheet__photos_of_every_kind_look_alike(tmp_path: Path) -> None:
    array = np.full((40, 40), 90, dtype=np.uint8)
    photos = [
        array,
        np.stack([array] * 3, axis=2),
        Image.fromarray(array),
        Image.new("RGBA", (40, 40), (90,) * 3),
    ]

    draw_photo_sheet(photos, [""] * 4, tmp_path / "sheet.png")

    row = read_pixels(tmp_path / "sheet.png")[GAP + SIDE // 2]
    assert [tuple(row[GAP + i * (SIDE + GAP) + SIDE // 2]) for i in range(4)] == [(90, 90, 90)] * 4


@pytest.mark.parametrize(
    ("photo_count", "caption_count", "highlight", "columns", "message"),
    [
        (0, 0, None, 6, "got 0 photos, 0 captions, 0 highlights, columns=6"),
        (2, 1, None, 6, "got 2 photos, 1 captions, 2 highlights, columns=6"),
        (2, 2, [True], 6, "got 2 photos, 2 captions, 1 highlights, columns=6"),
        (2, 2, None, 0, "got 2 photos, 2 captions, 2 highlights, columns=0"),
    ],
)
def test_draw_photo_sheet__unequal_lists(
    photo_count: int,
    caption_count: int,
    highlight: list[bool] | None,
    columns: int,
    message: str,
    tmp_path: Path,
) -> None:
    with pytest.raises(ValueError, match=message):
        draw_photo_sheet(
            [build_photo()] * photo_count, [""] * caption_count, tmp_path / "s.png", columns, None, highlight
        )


@pytest.mark.parametrize(
    "photo",
    [
        np.zeros((3, 40, 40), np.uint8),
        np.zeros((40, 40, 3)),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_draw_photo_sheet__no_photo(photo: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"photo: must be uint8 of shape \(H, W, 3\) or \(H, W\), got"):
        draw_photo_sheet([photo], [""], tmp_path / "sheet.png")
