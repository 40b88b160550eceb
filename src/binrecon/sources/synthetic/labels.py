"""The label strips of a bin: coloured ground, a white plate with shelf letter and arrow, a square code."""

import numpy as np
from PIL import Image, ImageDraw

from binrecon.sources.synthetic.skus import Colour
from binrecon.sources.synthetic.textures import load_font

_GROUNDS: dict[str, Colour] = {
    "A": (40, 84, 80), "B": (70, 44, 96), "C": (240, 150, 60), "D": (120, 170, 205), "E": (90, 90, 92),
    "F": (214, 70, 52), "G": (38, 52, 106), "H": (240, 160, 160), "I": (236, 120, 60), "J": (110, 70, 52),
    "K": (70, 170, 180),
}  # fmt: skip
_PLATE: Colour = (246, 242, 232)
_INK: Colour = (34, 32, 36)


def draw_label(width: int, text: str) -> Image.Image:
    """Draw a label strip.

    Args:
        width: Pixels across.
        text: Rack side and shelf letter, such as `2E`; the letter decides the ground colour.

    Returns:
        RGB image, a fifth as high as wide.
    """
    height = max(width // 5, 8)
    image = Image.new("RGB", (width, height), (226, 204, 150))
    draw = ImageDraw.Draw(image)
    margin = height * 0.1
    draw.rectangle((width * 0.08, margin, width * 0.92, height - margin), fill=_GROUNDS[text[-1]])
    plate = (width * 0.14, height * 0.16, width * 0.53, height * 0.84)
    draw.rounded_rectangle(plate, radius=height * 0.12, fill=_PLATE)
    size = max(int(height * 0.74), 6)
    font, bold = load_font(size), max(size // 11, 0)
    draw.text((width * 0.16, height * 0.51), text, fill=_INK, font=font, anchor="lm", stroke_width=bold)
    arrow_x = min(width * 0.16 + font.getlength(text) + height * 0.30, width * 0.49)
    _draw_arrow(draw, arrow_x, height * 0.25, height * 0.77, height)
    image.paste(_make_code(text, max(round(height * 0.84), 4)), (round(width * 0.59), round(height * 0.08)))
    draw.rectangle((width * 0.80, height * 0.14, width * 0.845, height * 0.86), fill=_PLATE)
    return image


def _draw_arrow(draw: ImageDraw.ImageDraw, x: float, top: float, bottom: float, height: float) -> None:
    line, wing = max(round(height * 0.09), 1), height * 0.13
    draw.line([(x, top), (x, bottom)], fill=_INK, width=line)
    draw.line([(x - wing, top + wing), (x, top), (x + wing, top + wing)], fill=_INK, width=line)


def _make_code(text: str, side: int) -> Image.Image:
    """Draw black squares on white, `side` pixels wide; the pattern depends on the text."""
    cells = np.pad(np.random.default_rng(list(text.encode())).random((13, 13)) < 0.5, 1)
    cells[1, 1:14] = cells[1:14, 1] = True
    pixels = np.where(cells[..., None], np.array(_INK), np.array(_PLATE)).astype(np.uint8)
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST)
