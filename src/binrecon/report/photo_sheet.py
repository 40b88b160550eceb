"""Many photos on one sheet, each with a caption."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from binrecon.report.png import save_png

Photo = Image.Image | NDArray[np.uint8]

# Lengths in pixels.
_PHOTO_SIDE = 200
_GAP = 16
_FRAME = 4
_FONT_SIZE = 14
_TITLE_SIZE = 20
_LINE_HEIGHT = 19
_MAX_LINES = 4

_PAPER = "#ffffff"
_MAT = "#e9ebee"
_INK = "#222222"
_HIGHLIGHT = "#c8321e"

_FONT_FOLDER = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
"""Matplotlib ships DejaVu, so a sheet is the same on every machine."""


class _Cell(NamedTuple):
    photo: Image.Image
    lines: list[str]
    is_highlighted: bool


def draw_photo_sheet(
    photos: Sequence[Photo],
    captions: Sequence[str],
    path: Path,
    columns: int = 6,
    title: str | None = None,
    highlight: Sequence[bool] | None = None,
) -> None:
    """Draw photos in rows, each fitted whole into a square, with its caption below.

    Args:
        photos: Pictures, or arrays of shape (H, W, 3) or (H, W), uint8.
        captions: One for each photo; wrapped to its width, and cut after four lines.
        path: File that ends in `.png`.
        columns: Photos in a row.
        title: Heading of the sheet.
        highlight: For each photo, True for a red frame and a bold red caption.

    Raises:
        ValueError: If there is no photo, a caption or a highlight is missing or too many, `columns` is below
            1, or an array is no photo.
    """
    marks = [False] * len(photos) if highlight is None else list(highlight)
    if not photos or len(captions) != len(photos) or len(marks) != len(photos) or columns < 1:
        raise ValueError(
            "photo sheet: needs at least one photo, one caption and one highlight for each, and columns >= 1;"
            f" got {len(photos)} photos, {len(captions)} captions, {len(marks)} highlights, columns={columns}"
        )
    cells = [
        _Cell(_fit_photo(photo), _wrap(caption, _load_font(_FONT_SIZE, mark)), mark)
        for photo, caption, mark in zip(photos, captions, marks, strict=True)
    ]
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    sheet = _draw_rows(rows, title)
    save_png(path, lambda file: sheet.save(file, format="PNG"))


def _draw_rows(rows: list[list[_Cell]], title: str | None) -> Image.Image:
    title_lines = [] if title is None else [title]
    title_font = _load_font(_TITLE_SIZE, is_bold=True)
    width = _GAP + len(rows[0]) * (_PHOTO_SIDE + _GAP)
    width = max(width, *(2 * _GAP + int(title_font.getlength(line)) + 1 for line in title_lines), 0)
    heights = [_PHOTO_SIDE + 6 + _LINE_HEIGHT * max(len(cell.lines) for cell in row) + _GAP for row in rows]
    top = _GAP + len(title_lines) * (_TITLE_SIZE + _GAP)
    sheet = Image.new("RGB", (width, top + sum(heights)), _PAPER)
    for line in title_lines:
        ImageDraw.Draw(sheet).text((_GAP, _GAP), line, fill=_INK, font=title_font, anchor="la")
    for row, height in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            _draw_cell(sheet, cell, left=_GAP + column * (_PHOTO_SIDE + _GAP), top=top)
        top += height
    return sheet


def _draw_cell(sheet: Image.Image, cell: _Cell, left: int, top: int) -> None:
    draw = ImageDraw.Draw(sheet)
    if cell.is_highlighted:
        box = (left - _FRAME, top - _FRAME, left + _PHOTO_SIDE + _FRAME - 1, top + _PHOTO_SIDE + _FRAME - 1)
        draw.rectangle(box, fill=_HIGHLIGHT)
    sheet.paste(cell.photo, (left, top))
    ink = _HIGHLIGHT if cell.is_highlighted else _INK
    font = _load_font(_FONT_SIZE, cell.is_highlighted)
    for number, line in enumerate(cell.lines):
        below = top + _PHOTO_SIDE + 6 + number * _LINE_HEIGHT
        draw.text((left, below), line, fill=ink, font=font, anchor="la")


def _fit_photo(photo: Photo) -> Image.Image:
    """Scale a photo into the square without cutting any of it off."""
    if not isinstance(photo, Image.Image):
        is_shaped = photo.ndim == 2 or (photo.ndim == 3 and photo.shape[2] == 3)
        if photo.dtype != np.uint8 or not is_shaped or photo.size == 0:
            raise ValueError(
                f"photo: must be uint8 of shape (H, W, 3) or (H, W), got {photo.dtype} {photo.shape}"
            )
        photo = Image.fromarray(photo)
    return ImageOps.pad(
        photo.convert("RGB"), (_PHOTO_SIDE, _PHOTO_SIDE), Image.Resampling.LANCZOS, color=_MAT
    )


def _wrap(caption: str, font: ImageFont.FreeTypeFont) -> list[str]:
    """Break a caption into lines that fit below a photo; a line or a caption too long ends in an ellipsis."""
    lines: list[str] = []
    for paragraph in caption.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and font.getlength(longer) > _PHOTO_SIDE:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    if len(lines) > _MAX_LINES:
        lines[_MAX_LINES - 1 :] = [lines[_MAX_LINES - 1] + " …"]
    return [_shorten(line, font) for line in lines]


def _shorten(line: str, font: ImageFont.FreeTypeFont) -> str:
    while font.getlength(line) > _PHOTO_SIDE:
        line = line.removesuffix("…").rstrip()[:-1] + "…"
    return line


@cache
def _load_font(size: int, is_bold: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONT_FOLDER / f"DejaVuSans{'-Bold' if is_bold else ''}.ttf", size)
