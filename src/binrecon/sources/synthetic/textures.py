"""Covers of surfaces: words, bar codes, pictures, folds, grain."""

import unicodedata
from functools import lru_cache
from html import unescape

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFont

from binrecon.sources.synthetic.skus import Colour, Rng

Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge, in pixels."""


@lru_cache(maxsize=64)
def load_font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Load the font that comes with Pillow, once for each size in pixels."""
    return ImageFont.load_default(size)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Mix two colours; `share` is the part of the second, 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def make_noise(
    rng: Rng, size: tuple[int, int], cells: tuple[int, int], low: float, high: float
) -> Image.Image:
    """Make smooth grey noise with so many independent `cells` across and down.

    Grey levels `low` to `high` are parts of white; levels above 1 are white.
    """
    values = np.clip(rng.uniform(low * 255, high * 255, (cells[1], cells[0])), 0, 255).astype(np.uint8)
    return Image.fromarray(values).resize(size, Image.Resampling.BICUBIC)


def make_glints(rng: Rng, size: tuple[int, int], clusters: int) -> Image.Image:
    """Make the bright creases of clear film as a mask: bundles of thin lines and splinters."""
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    reach, lines = (size[0] + size[1]) / 2, (clusters, 7)
    starts = rng.uniform(0, 1, (clusters, 1, 2)) * size + rng.normal(0, 0.1 * reach, (*lines, 2))
    angles = rng.uniform(0, np.pi, (clusters, 1)) + rng.normal(0, 0.3, lines)
    steps = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    steps *= reach * rng.uniform(0.04, 0.3, (*lines, 1))
    bends = starts + steps / 2 + rng.normal(0, 0.06 * reach, (*lines, 2)) * 0.4
    points = np.stack([starts, bends, starts + steps], axis=2).reshape(-1, 6).tolist()
    for line, level in zip(points, rng.integers(50, 215, len(points)).tolist(), strict=True):
        if level % 3 == 0:
            draw.polygon(line, fill=level)
        else:
            draw.line(line, fill=level, width=1)
    return mask


@lru_cache(maxsize=256)
def make_gain_table(percent: int) -> list[int]:
    """List what each grey level becomes when multiplied with `percent` / 100."""
    return [min(level * percent // 100, 255) for level in range(256)]


def shade_by(image: Image.Image, shade: Image.Image) -> Image.Image:
    """Multiply an RGB image with a grey one of the same size."""
    return ImageChops.multiply(image, Image.merge("RGB", (shade, shade, shade)))


def paint_words(draw: ImageDraw.ImageDraw, text: str, box: Box, colour: Colour) -> None:
    """Write `text` as large as fits on one line of `box`; the font has plain letters only."""
    text = unicodedata.normalize("NFKD", unescape(text)).encode("ascii", "ignore").decode()
    left, top, right, bottom = box
    letters = max(len(text), 1)
    size = int(min((bottom - top) * 0.95, (right - left) / letters * 1.75))
    if size >= 5:
        draw.text((left, top), text, fill=colour, font=load_font(size), stroke_width=1 if size > 13 else 0)
    elif bottom - top >= 1:
        draw.line([(left, (top + bottom) / 2), (right, (top + bottom) / 2)], fill=colour, width=1)


def paint_small_print(draw: ImageDraw.ImageDraw, rng: Rng, box: Box, colour: Colour) -> None:
    """Draw lines too small to be read."""
    left, top, right, bottom = box
    pitch = max((bottom - top) / 9, 3.0)
    for y in np.arange(top, bottom - 1, pitch):
        x = left
        end = right - rng.uniform(0, 0.4) * (right - left)
        while x < end:
            word = rng.uniform(0.06, 0.22) * (right - left)
            draw.line([(x, y), (min(x + word, end), y)], fill=colour, width=1)
            x += word + max((right - left) * 0.03, 2.0)


def paint_bar_code(draw: ImageDraw.ImageDraw, rng: Rng, box: Box) -> None:
    """Draw a white sticker with bars and digits."""
    left, top, right, bottom = box
    draw.rectangle(box, fill=(240, 240, 238))
    x = left + 2
    while x < right - 2:
        bar = rng.uniform(0.4, 1.5)
        draw.rectangle((x, top + 2, min(x + bar, right - 2), top + (bottom - top) * 0.72), fill=(72, 68, 68))
        x += bar + rng.uniform(1.0, 2.6)
    draw.line([(left + 3, bottom - 3), (right - 3, bottom - 3)], fill=(110, 108, 108), width=1)


def paint_picture(draw: ImageDraw.ImageDraw, rng: Rng, box: Box, colours: list[Colour]) -> None:
    """Draw something that could be a product's photo: a few rounded shapes over each other."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    for _ in range(int(rng.integers(2, 6))):
        grey = int(rng.integers(30, 230))
        colour = mix(colours[rng.integers(len(colours))], (grey, grey, grey), rng.uniform(0.1, 0.6))
        w, h = width * rng.uniform(0.2, 0.7), height * rng.uniform(0.2, 0.7)
        x, y = left + rng.uniform(0, width - w), top + rng.uniform(0, height - h)
        if rng.random() < 0.5:
            draw.ellipse((x, y, x + w, y + h), fill=colour)
        else:
            draw.rounded_rectangle((x, y, x + w, y + h), radius=min(w, h) * 0.25, fill=colour)
