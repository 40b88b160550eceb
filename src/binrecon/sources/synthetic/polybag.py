"""An item of no fixed shape: something soft in clear film."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from binrecon.sources.synthetic.skus import Colour, Sku
from binrecon.sources.synthetic.textures import (
    make_glints,
    make_noise,
    mix,
    paint_picture,
    paint_words,
    shade_by,
)

_DARK: Colour = (36, 32, 30)


def draw_polybag(rng: np.random.Generator, sku: Sku, width: int, height: int) -> Image.Image:
    """Draw something soft in clear film: an uneven outline, folds, creases that catch the light."""
    ground, text, accent = sku.colours
    size = (width, height)
    content = Image.new("RGB", size, mix(ground, (128, 126, 124), 0.25))
    draw = ImageDraw.Draw(content)
    if rng.random() < 0.7:
        inner = (width * 0.12, height * 0.15, width * 0.88, height * 0.9)
        paint_picture(draw, rng, inner, [ground, accent, mix(ground, _DARK, 0.5)])
    if rng.random() < 0.35:
        paint_words(
            draw, sku.name.split(" ")[0].upper(), (width * 0.2, height * 0.3, width * 0.8, height * 0.6), text
        )
    folds = (max(width // 26, 3), max(height // 20, 3))
    content = shade_by(content, make_noise(rng, size, folds, 0.35, 1.15))
    content.paste((244, 242, 236), mask=make_glints(rng, size, int(rng.integers(6, 15))))
    content.putalpha(_make_soft_outline(rng, size))
    return content


def _make_soft_outline(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Make the mask of a bag: a rounded, uneven shape with a thin, half clear rim."""
    width, height = size
    angles = np.linspace(0, 2 * np.pi, 22, endpoint=False)
    # A superellipse: between an ellipse and a rectangle.
    reach = (np.abs(np.cos(angles)) ** 4 + np.abs(np.sin(angles)) ** 4) ** -0.25 * rng.uniform(0.84, 1.0, 22)
    x, y = width / 2 * (1 + reach * np.cos(angles)), height / 2 * (1 + reach * np.sin(angles))
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    draw.polygon(list(zip(x.tolist(), y.tolist(), strict=True)), fill=int(rng.integers(120, 200)))
    x, y = (x - width / 2) * 0.93 + width / 2, (y - height / 2) * 0.93 + height / 2
    draw.polygon(list(zip(x.tolist(), y.tolist(), strict=True)), fill=int(rng.integers(238, 256)))
    return mask.filter(ImageFilter.BoxBlur(1))
