"""The elastic strings that keep items in a bin: two bands, or one wide net, across everything."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from binrecon.sources.synthetic.skus import Rng

_SAMPLES_PER_STRING = 12


@dataclass(frozen=True)
class _Band:
    """One band, in pixels: its upper edge and thickness for each column."""

    upper_edge: np.ndarray
    thickness: np.ndarray
    string_count: int
    haze: float


def draw_bands(photo: Image.Image, rng: Rng, top: float, bottom: float, has_net: bool) -> None:
    """Stretch the strings across an RGB photo, in place, between the edges of the opening in pixels.

    With `has_net` there is one net over the lower half, held by a yellow cord, in place of bands.
    """
    if has_net:
        _draw_net(photo, rng, top, bottom)
        return
    opening = bottom - top
    is_tall = opening > photo.width
    middles = (0.24, 0.53, 0.83) if is_tall and rng.random() < 0.6 else (0.28, 0.77)
    for middle in middles:
        thickness = opening * rng.uniform(0.16, 0.21) * (0.62 if is_tall else 1.0)
        y = top + opening * (middle + rng.normal(0, 0.03))
        _draw_band(photo, rng, _shape_band(rng, photo.width, y, thickness, rng.uniform(0.07, 0.13)))
        _draw_anchors(photo, rng, y, thickness)


def _draw_net(photo: Image.Image, rng: Rng, top: float, bottom: float) -> None:
    upper = top + (bottom - top) * rng.uniform(0.42, 0.6)
    net = _shape_band(rng, photo.width, (upper + bottom) / 2, bottom - upper, rng.uniform(0.06, 0.12))
    _draw_band(photo, rng, net)
    draw = ImageDraw.Draw(photo)
    end = upper + rng.normal(0, 4)
    width = max(round(photo.width / 130), 2)
    draw.line([(0, upper + width), (photo.width, end + width)], fill=(120, 100, 60), width=width)
    draw.line([(0, upper), (photo.width, end)], fill=(232, 208, 128), width=width)


def _shape_band(rng: Rng, width: int, middle: float, thickness: float, haze: float) -> _Band:
    x = np.linspace(-1, 1, width)
    slope, sag, twist = rng.normal(0, 0.012, 1) * width, rng.normal(1.0, 2.0), rng.normal(0, 0.06)
    squeeze = 1 + twist * x - rng.uniform(0, 0.16) * np.exp(-(((x - rng.uniform(-1, 1)) / 0.4) ** 2))
    local = (thickness * squeeze).astype(np.float32)
    line = middle + slope * x + sag * (1 - x**2) + 0.6 * np.sin(x * 5 + rng.uniform(0, 6))
    is_band = thickness < 0.3 * width
    pitch = max(thickness / int(rng.integers(9, 15)), 3.0) if is_band else rng.uniform(3.4, 5.5)
    return _Band((line - local / 2).astype(np.float32), local, max(int(thickness / pitch), 5), haze)


def _draw_band(photo: Image.Image, rng: Rng, band: _Band) -> None:
    """Blend the strings over the rows they cover."""
    first = max(int(band.upper_edge.min()), 0)
    last = min(int((band.upper_edge + band.thickness).max()) + 1, photo.height)
    if last - first < 2:
        return
    opacity, tint = _make_profile(rng, band)
    rows = np.arange(first, last, dtype=np.float32)[:, None]
    density = (len(opacity) - 2) / band.thickness
    samples = ((rows - band.upper_edge) * density).astype(np.int32) + 1
    # Both ends of the profile are clear, so what lies above and below the band stays as it is.
    np.clip(samples, 0, len(opacity) - 1, out=samples)
    strings = Image.fromarray(tint[samples])
    photo.paste(strings, (0, first), Image.fromarray(opacity[samples]))


def _make_profile(rng: Rng, band: _Band) -> tuple[np.ndarray, np.ndarray]:
    """Make opacity, uint8, shape (S,), and colour, uint8, shape (S, 3), from upper edge to lower."""
    position = np.linspace(0, band.string_count, band.string_count * _SAMPLES_PER_STRING, endpoint=False)
    string = position.astype(int)
    middle = rng.uniform(0.38, 0.62, band.string_count)[string]
    ridge = np.exp(-(((position - string - middle) / 0.24) ** 2))
    strength = rng.uniform(0.22, 0.48, band.string_count)[string]
    opacity = 255 * (band.haze + (1 - band.haze) * strength * ridge)
    opacity[[0, -1]] = 0
    # Stretched strings split the light: some look bluish, some orange.
    warmth = rng.normal(0, 14, band.string_count)[string]
    tint = np.stack([192 + warmth, 187 + 0 * warmth, 190 - warmth], axis=1) + 30 * ridge[:, None]
    return opacity.astype(np.uint8), np.clip(tint, 0, 255).astype(np.uint8)


def _draw_anchors(photo: Image.Image, rng: Rng, y: float, thickness: float) -> None:
    """Draw where a band is sewn to the sides: gathered, pale, ribbed."""
    for is_left in (True, False):
        if rng.random() < 0.35:
            continue
        width, height = int(photo.width * rng.uniform(0.03, 0.07)), int(thickness * rng.uniform(0.85, 1.1))
        mask = Image.new("L", (max(width, 4), max(height, 4)))
        draw = ImageDraw.Draw(mask)
        draw.rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), radius=mask.width // 3, fill=130)
        for row in np.arange(1, height, max(height / 11, 2.5)):
            draw.line([(0, row), (mask.width, row)], fill=205, width=1)
        x = int(photo.width * rng.uniform(-0.01, 0.01)) + (0 if is_left else photo.width - mask.width)
        photo.paste((232, 222, 196), (x, int(y - height / 2)), mask.filter(ImageFilter.BoxBlur(1)))
