"""One drawing function for each kind of item: a patch as large as the item, clear around its outline."""

from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from binrecon.sources.synthetic.skus import Colour, Kind, Rng, Sku
from binrecon.sources.synthetic.textures import (
    make_glints,
    make_noise,
    mix,
    paint_bar_code,
    paint_picture,
    paint_small_print,
    paint_words,
    shade_by,
)

_WHITE: Colour = (255, 255, 255)
_BLACK: Colour = (0, 0, 0)
_DARK: Colour = (36, 32, 30)

_Painter = Callable[[Rng, Sku, int, int], Image.Image]
_Range = tuple[float, float]


def draw_item(sku: Sku, width: int, height: int, sticker_width: int) -> Image.Image:
    """Draw one unit upright, RGBA, with the warehouse's sticker on it, which has one size on all items.

    The same SKU at the same size always looks the same.
    """
    width, height = max(width, 6), max(height, 6)
    rng = np.random.default_rng(sku.texture_seed)
    image = _PAINTERS[sku.kind](rng, sku, width, height)
    sticker = (min(sticker_width, round(width * 0.8)), min(round(sticker_width * 0.6), round(height * 0.8)))
    if min(sticker) < 5:
        return image
    outline = image.getchannel("A")
    x = round((width - sticker[0]) * rng.uniform(0.15, 0.85))
    y = round((height - sticker[1]) * rng.uniform(0.2, 0.7))
    paint_bar_code(ImageDraw.Draw(image), rng, (x, y, x + sticker[0], y + sticker[1]))
    image.putalpha(outline)
    return image


def _print_face(rng: Rng, sku: Sku, width: int, height: int) -> Image.Image:
    """Cover a face with ground colour, words, picture and small print, some upside down or on end."""
    ground, text, accent = sku.colours
    is_on_end = rng.random() < (0.8 if height > 1.9 * width else 0.15)
    w, h = (height, width) if is_on_end else (width, height)
    face = Image.new("RGB", (w, h), ground)
    draw = ImageDraw.Draw(face)
    words = sku.name.partition(",")[0].split(" ")
    split = rng.uniform(0.3, 0.7)
    if rng.random() < 0.6:
        draw.rectangle((0, h * split, w, h * min(split + rng.uniform(0.15, 0.7), 1.0)), fill=accent)
    if rng.random() < 0.6:
        picture = (w * rng.uniform(0.1, 0.5), h * 0.3, w * 0.95, h * 0.9)
        paint_picture(draw, rng, picture, [ground, text, accent])
    paint_words(draw, words[0].upper(), (w * 0.07, h * 0.06, w * 0.9, h * 0.32), text)
    paint_words(draw, " ".join(words[1:]), (w * 0.07, h * 0.33, w * 0.85, h * 0.48), mix(text, accent, 0.3))
    if h > 24:
        print_box = (w * 0.08, h * 0.6, w * rng.uniform(0.4, 0.8), h * 0.92)
        paint_small_print(draw, rng, print_box, mix(text, ground, 0.3))
    turned = face.rotate(90 * (1 if rng.random() < 0.5 else 3), expand=True) if is_on_end else face
    return turned.rotate(180) if rng.random() < 0.12 else turned


def _plain_face(rng: Rng, sku: Sku, width: int, height: int) -> Image.Image:
    """Draw the face of a shipping carton: seam, tape, a stamp."""
    ground = sku.colours[0]
    face = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(face)
    seam = height * rng.uniform(0.3, 0.7)
    if rng.random() < 0.6:
        tape = (0, seam - height * 0.06, width, seam + height * 0.06)
        draw.rectangle(tape, fill=mix(ground, (235, 220, 190), 0.35))
        draw.line([(0, seam), (width, seam)], fill=mix(ground, _DARK, 0.5), width=1)
    if rng.random() < 0.7:
        word = sku.name.split(" ")[0].upper()
        x, y = width * rng.uniform(0.05, 0.4), height * rng.uniform(0.05, 0.7)
        paint_words(draw, word, (x, y, x + width * 0.5, y + height * 0.2), mix(ground, _DARK, 0.75))
    return face


def _draw_box(face: _Painter, rng: Rng, sku: Sku, width: int, height: int) -> Image.Image:
    """Give a face a top and one side, so that it reads as a solid body."""
    rise, side = int(height * rng.uniform(0.04, 0.13)), int(width * rng.uniform(0.0, 0.12))
    leans_right = rng.random() < 0.5
    front = face(rng, sku, max(width - side, 3), max(height - rise, 3))
    front = shade_by(front, make_noise(rng, front.size, (2, 3), 0.80, 1.0))
    image = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(image)
    x0, x1 = (0, width - side) if leans_right else (side, width)
    far = side if leans_right else -side
    ground = sku.colours[0]
    lid = [(x0, rise), (x0 + far, 0), (x1 + far, 0), (x1, rise)]
    draw.polygon(lid, fill=(*mix(ground, (255, 244, 220), 0.22), 255))
    near = x1 if leans_right else x0
    edge = [(near, rise), (near + far, 0), (near + far, height - rise * 0.6), (near, height)]
    draw.polygon(edge, fill=(*mix(ground, _BLACK, 0.42), 255))
    image.paste(front, (x0, rise))
    line = (*mix(ground, _WHITE, 0.35), 255)
    draw.line([(x0, rise), (x1, rise)], fill=line, width=1)
    draw.rectangle((x0, rise, x1 - 1, height - 1), outline=(*mix(ground, _BLACK, 0.5), 255))
    return image


def _draw_book(rng: Rng, sku: Sku, width: int, height: int) -> Image.Image:
    """Draw a spine, or the cut pages between two covers; standing or lying as the size says."""
    is_standing = height > width
    w, h = (height, width) if is_standing else (width, height)
    ground, text, accent = sku.colours
    image = Image.new("RGB", (w, h), ground)
    draw = ImageDraw.Draw(image)
    if rng.random() < 0.35:
        cover = max(h * 0.09, 1.0)
        draw.rectangle((0, cover, w * 0.985, h - cover), fill=(222, 214, 196))
        for y in np.arange(cover + 1, h - cover, 2.5):
            page = mix((222, 214, 196), _DARK, rng.uniform(0.05, 0.25))
            draw.line([(0, y), (w * 0.985, y)], fill=page, width=1)
    else:
        draw.rectangle((0, 0, w * rng.uniform(0.05, 0.2), h), fill=accent)
        paint_words(draw, sku.name.partition(",")[0], (w * 0.22, h * 0.2, w * 0.93, h * 0.85), text)
        curve = (255 * (0.62 + 0.38 * np.sin(np.pi * (np.arange(h) + 0.5) / h))).astype(np.uint8)
        image = shade_by(image, Image.fromarray(curve[:, None]).resize((w, h)))
    ImageDraw.Draw(image).rectangle((0, 0, w - 1, h - 1), outline=mix(ground, _BLACK, 0.55))
    turned = image.rotate(270, expand=True) if is_standing else image
    return turned.convert("RGBA")


def _draw_round(necks: _Range, caps: _Range, rng: Rng, sku: Sku, width: int, height: int) -> Image.Image:
    """Draw something turned: body with label, shoulder, ribbed cap, shaded like a cylinder."""
    neck, cap_width = rng.uniform(*necks), rng.uniform(*caps)
    ground, _, accent = sku.colours
    colours = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(colours)
    cap_bottom = height * neck * rng.uniform(0.6, 0.9)
    draw.rectangle((0, 0, width, cap_bottom), fill=accent)
    for x in np.arange(width * (1 - cap_width) / 2, width * (1 + cap_width) / 2, max(width * 0.05, 2.5)):
        draw.line([(x, 1), (x, cap_bottom)], fill=mix(accent, _BLACK, 0.3), width=1)
    label_top, label_bottom = height * rng.uniform(neck + 0.1, neck + 0.22), height * rng.uniform(0.82, 0.94)
    label = _print_face(rng, sku, width, max(int(label_bottom - label_top), 4))
    colours.paste(label, (0, int(label_top)))
    across = np.linspace(0, 1, width)
    shade = np.interp(across, [0, 0.12, 0.3, 0.42, 0.75, 1], [0.35, 0.7, 1.0, 0.92, 0.68, 0.3])
    lit = shade_by(colours, Image.fromarray((255 * shade).astype(np.uint8)[None]).resize((width, height)))
    mask = Image.new("L", (width, height))
    outline = ImageDraw.Draw(mask)
    cap_left, cap_right = width * (1 - cap_width) / 2, width * (1 + cap_width) / 2
    outline.rounded_rectangle((cap_left, 0, cap_right, height * neck), radius=width * 0.05, fill=255)
    body = (0, height * neck, width - 1, height - 1)
    outline.rounded_rectangle(body, radius=width * rng.uniform(0.1, 0.3), fill=255)
    lit.putalpha(mask)
    return lit


def _draw_blister(rng: Rng, sku: Sku, width: int, height: int) -> Image.Image:
    """Draw a printed card with a clear bubble over the goods and a hole to hang it by."""
    size = (width, height)
    ground, _, accent = sku.colours
    card = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, width, height * 0.24), fill=accent)
    title = (width * 0.08, height * 0.1, width * 0.95, height * 0.24)
    paint_words(draw, sku.name.split(" ")[0], title, _WHITE)
    bubble = (width * 0.12, height * rng.uniform(0.28, 0.4), width * 0.88, height * rng.uniform(0.8, 0.93))
    radius = width * 0.1
    draw.rounded_rectangle(bubble, radius=radius, fill=mix(ground, (150, 150, 150), 0.4))
    paint_picture(draw, rng, bubble, [_DARK, accent, (190, 190, 195)])
    card.paste((250, 248, 244), mask=make_glints(rng, size, 3))
    draw.rounded_rectangle(bubble, radius=radius, outline=(236, 234, 230), width=2)
    card = shade_by(card, make_noise(rng, size, (2, 3), 0.78, 1.0))
    mask = Image.new("L", size)
    outline = ImageDraw.Draw(mask)
    edge = (0, 0, width - 1, height - 1)
    outline.rounded_rectangle(edge, radius=width * 0.07, fill=255)
    outline.ellipse((width * 0.43, height * 0.025, width * 0.57, height * 0.075), fill=0)
    rim = mix(ground, _BLACK, 0.4)
    ImageDraw.Draw(card).rounded_rectangle(edge, radius=width * 0.07, outline=rim)
    card.putalpha(mask)
    return card


def _draw_polybag(rng: Rng, sku: Sku, width: int, height: int) -> Image.Image:
    """Draw something soft in clear film: an uneven outline, folds, creases that catch the light."""
    ground, text, accent = sku.colours
    size = (width, height)
    content = Image.new("RGB", size, mix(ground, (128, 126, 124), 0.25))
    draw = ImageDraw.Draw(content)
    if rng.random() < 0.7:
        inner = (width * 0.12, height * 0.15, width * 0.88, height * 0.9)
        paint_picture(draw, rng, inner, [ground, accent, mix(ground, _DARK, 0.5)])
    if rng.random() < 0.35:
        title = (width * 0.2, height * 0.3, width * 0.8, height * 0.6)
        paint_words(draw, sku.name.split(" ")[0].upper(), title, text)
    folds = (max(width // 26, 3), max(height // 20, 3))
    content = shade_by(content, make_noise(rng, size, folds, 0.35, 1.15))
    content.paste((244, 242, 236), mask=make_glints(rng, size, int(rng.integers(6, 15))))
    content.putalpha(_make_soft_outline(rng, size))
    return content


def _make_soft_outline(rng: Rng, size: tuple[int, int]) -> Image.Image:
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


_PAINTERS: dict[Kind, _Painter] = {
    Kind.BOX: partial(_draw_box, _print_face),
    Kind.CARTON: partial(_draw_box, _plain_face),
    Kind.POLYBAG: _draw_polybag,
    Kind.BOTTLE: partial(_draw_round, (0.12, 0.25), (0.3, 0.5)),
    Kind.JAR: partial(_draw_round, (0.14, 0.26), (0.82, 0.98)),
    Kind.BOOK: _draw_book,
    Kind.BLISTER: _draw_blister,
}
