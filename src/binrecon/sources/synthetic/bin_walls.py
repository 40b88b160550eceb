"""The bin itself: fabric walls and floor behind the items; lips, label strips and neighbours before them."""

import numpy as np
from PIL import Image, ImageDraw

from binrecon.sources.synthetic.scene import BinShape
from binrecon.sources.synthetic.skus import Colour, Rng
from binrecon.sources.synthetic.textures import Box, load_font, make_noise, mix, shade_by

_BACK: Colour = (202, 184, 116)
_SIDE: Colour = (226, 212, 138)
_LIP: Colour = (244, 230, 150)
_FLOOR: Colour = (150, 140, 122)
_FRAME: Colour = (158, 156, 152)
_SHADOW: Colour = (58, 46, 36)
_GROUNDS: dict[str, Colour] = {
    "A": (40, 84, 80), "B": (70, 44, 96), "C": (240, 150, 60), "D": (120, 170, 205), "E": (90, 90, 92),
    "F": (214, 70, 52), "G": (38, 52, 106), "H": (240, 160, 160), "I": (236, 120, 60), "J": (110, 70, 52),
    "K": (70, 170, 180),
}  # fmt: skip
_PLATE: Colour = (246, 242, 232)
_INK: Colour = (34, 32, 36)


def get_opening(shape: BinShape) -> Box:
    """Return the edges of the opening, in pixels."""
    width, height = shape.photo_width, shape.photo_height
    return shape.left * width, shape.top * height, shape.right * width, shape.bottom * height


def draw_inside(shape: BinShape, depth_shade: float) -> Image.Image:
    """Draw the empty inside: back wall, two side walls, floor, all of creased yellow fabric."""
    rng = np.random.default_rng([shape.seed, 0])
    size = (shape.photo_width // 2, shape.photo_height // 2)
    # Half the resolution keeps the seams of the fabric soft.
    left, top, right, bottom = (edge / 2 for edge in get_opening(shape))
    width, height = right - left, bottom - top
    inset_left, inset_right = width * rng.uniform(0.02, 0.11), width * rng.uniform(0.02, 0.11)
    ceiling, floor = top + height * rng.uniform(-0.04, 0.04), bottom - height * rng.uniform(0.07, 0.16)
    back_left, back_right = left + inset_left, right - inset_right
    back = mix(_BACK, _SHADOW, depth_shade * 0.5)
    image = Image.new("RGB", size, back)
    draw = ImageDraw.Draw(image)
    left_wall = [(left, top), (back_left, ceiling), (back_left, floor), (left, bottom)]
    right_wall = [(right, top), (back_right, ceiling), (back_right, floor), (right, bottom)]
    for wall in (left_wall, right_wall):
        draw.polygon(wall, fill=mix(_SIDE, _SHADOW, rng.uniform(0.0, 0.35)))
    floor_colour = mix(mix(_FLOOR, _SIDE, rng.uniform(0, 0.6)), _SHADOW, depth_shade * 0.35)
    ground = [(left, bottom), (back_left, floor), (back_right, floor), (right, bottom)]
    draw.polygon(ground, fill=floor_colour)
    for x in (back_left, back_right):
        draw.line([(x, ceiling), (x, floor)], fill=mix(back, _SHADOW, 0.35), width=1)
    draw.line([(back_left, floor), (back_right, floor)], fill=mix(back, _SHADOW, 0.6), width=1)
    creased = shade_by(image, make_noise(rng, size, (7, 5), 0.85, 1.0))
    dim = shade_by(creased, _make_shadow(shape, depth_shade, size))
    return dim.resize((shape.photo_width, shape.photo_height), Image.Resampling.BILINEAR)


def _make_shadow(shape: BinShape, depth_shade: float, size: tuple[int, int]) -> Image.Image:
    """Make the grey map that the walls are multiplied with: dark above and in the corners."""
    rng = np.random.default_rng([shape.seed, 1])
    rows, columns = np.mgrid[0:9, 0:9] / 8
    lamp = rng.uniform(0.3, 0.7)
    above = np.exp(-rows * rng.uniform(3, 8)) * (0.2 if shape.is_open_above else 0.55)
    aside = np.abs(columns - lamp) ** 2 * 0.7
    below = np.exp(-(1 - rows) * 7) * 0.2
    levels = 1 - depth_shade * (0.28 + above + aside + below)
    small = Image.fromarray((255 * np.clip(levels, 0.15, 1)).astype(np.uint8))
    return small.resize(size, Image.Resampling.BICUBIC)


def draw_outside(photo: Image.Image, shape: BinShape) -> None:
    """Draw what stands before or beside the items, in place: posts, neighbours, lips, labels."""
    rng = np.random.default_rng([shape.seed, 2])
    left, top, right, bottom = get_opening(shape)
    _draw_side(photo, rng, 0, left)
    _draw_side(photo, rng, right, shape.photo_width)
    label_width = int(shape.photo_width * rng.uniform(0.32, 0.46))
    if shape.is_open_above:
        _draw_rack(photo, rng, top)
    else:
        _draw_lip(photo, rng, -0.05 * shape.photo_height, top, rng.uniform(-0.01, 0.02))
        upper_label = _draw_label(label_width, f"{shape.label[0]}{_get_next_shelf(shape.label[1])}")
        offset = int(top * rng.uniform(0.55, 0.95)) - upper_label.height
        photo.paste(upper_label, (int(shape.label_x * shape.photo_width - label_width / 2), offset))
    _draw_lip(photo, rng, bottom, shape.photo_height * 1.03, rng.uniform(-0.03, 0.03))
    label = _draw_label(label_width, shape.label)
    below = max(shape.photo_height - bottom - label.height, 0)
    drop = int(below * 0.5 + label.height * rng.uniform(0.12, 0.3))
    photo.paste(label, (int(shape.label_x * shape.photo_width - label_width / 2), int(bottom) + drop))


def _get_next_shelf(letter: str) -> str:
    """Return the letter of the shelf above; above the highest comes the lowest of the next rack."""
    return "A" if letter == "K" else chr(ord(letter) + 1)


def _draw_lip(photo: Image.Image, rng: Rng, top: float, bottom: float, sag: float) -> None:
    """Draw a strip of bright fabric whose inner edge hangs, with a seam along it."""
    width, height = photo.size
    is_below = bottom > height
    x = np.linspace(0, width, 13)
    inner = (top if is_below else bottom) + sag * height * np.sin(np.pi * x / width) + rng.normal(0, 1.0, 13)
    outer = bottom if is_below else top
    edge = list(zip(x.tolist(), inner.tolist(), strict=True))
    first, last = max(int(min(inner.min(), outer)) - 4, 0), min(int(max(inner.max(), outer)) + 4, height)
    if last - first < 3:
        return
    size = (width, last - first)
    fabric = Image.new("RGB", size, mix(_LIP, _SHADOW, rng.uniform(0.0, 0.12)))
    fabric = shade_by(fabric, make_noise(rng, size, (11, 3), 0.84, 1.0))
    photo.paste(fabric, (0, first), _make_lip_mask(size, edge, outer, first))
    draw = ImageDraw.Draw(photo)
    fold = 3.5 if is_below else -3.5
    draw.line(edge, fill=mix(_LIP, _SHADOW, 0.55 if is_below else 0.75), width=2)
    draw.line([(a, b + fold) for a, b in edge], fill=mix(_LIP, _SHADOW, 0.22), width=1)


def _make_lip_mask(
    size: tuple[int, int], edge: list[tuple[float, float]], outer: float, first: int
) -> Image.Image:
    mask = Image.new("L", size)
    points = [(x, y - first) for x, y in [*edge, (edge[-1][0], outer), (edge[0][0], outer)]]
    ImageDraw.Draw(mask).polygon(points, fill=255)
    return mask


def _draw_side(photo: Image.Image, rng: Rng, left: float, right: float) -> None:
    """Draw the strip beside the opening: bright fabric edge, and beyond it a post or a neighbour."""
    if right - left < 3:
        return
    draw = ImageDraw.Draw(photo)
    height, is_left = photo.height, left < photo.width / 2
    beyond = _FRAME if rng.random() < 0.4 else mix(_SHADOW, _SIDE, rng.uniform(0.0, 0.7))
    draw.rectangle((left, 0, right, height), fill=beyond)
    if beyond == _FRAME:
        for y in np.arange(rng.uniform(0, 30), height, height * 0.14):
            draw.rounded_rectangle((left + 2, y, left + 10, y + height * 0.06), radius=3, fill=(84, 78, 72))
    else:
        for _ in range(3):
            y, colour = rng.uniform(0, height), mix(_SHADOW, (150, 120, 100), rng.uniform(0.2, 1))
            draw.rectangle((left, y, right, y + height * rng.uniform(0.1, 0.3)), fill=colour)
    hem = min(right - left, photo.width * rng.uniform(0.018, 0.035))
    x = right - hem if is_left else left
    draw.rectangle((x, 0, x + hem, height), fill=mix(_LIP, _SHADOW, rng.uniform(0.0, 0.2)))
    for edge in (x, x + hem):
        draw.line([(edge, 0), (edge, height)], fill=mix(_LIP, _SHADOW, 0.5), width=1)


def _draw_rack(photo: Image.Image, rng: Rng, bottom: float) -> None:
    """Draw the grey rack above the highest bin, with lamps and the points the bin hangs from."""
    draw = ImageDraw.Draw(photo)
    width = photo.width
    draw.rectangle((0, 0, width, bottom), fill=mix(_FRAME, (190, 190, 188), rng.random()))
    for x in (rng.uniform(-0.02, 0.1), rng.uniform(0.85, 0.95)):
        lamp = (x * width, -8, (x + 0.09) * width, bottom * 0.6)
        draw.rounded_rectangle(lamp, radius=5, fill=(250, 250, 246))
    draw.line([(0, bottom), (width, bottom)], fill=mix(_LIP, _SHADOW, 0.2), width=4)
    draw.line([(0, bottom + 4), (width, bottom + 4)], fill=_SHADOW, width=2)
    for x, turn in ((0.0, 1), (1.0, -1)):
        flap = [(x, 0.0), (x + turn * rng.uniform(0.05, 0.11), 0.0), (x + turn * 0.03, 0.26), (x, 0.3)]
        points = [(a * width, bottom + b * photo.height) for a, b in flap]
        draw.polygon(points, fill=mix(_LIP, _SHADOW, rng.uniform(0.05, 0.3)), outline=mix(_LIP, _SHADOW, 0.5))


def _draw_label(width: int, text: str) -> Image.Image:
    """Draw a label strip, a fifth as high as wide: coloured ground, a white plate with arrow, a square code.

    `text` is rack side and shelf letter, such as `2E`; the letter decides the ground colour.
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
