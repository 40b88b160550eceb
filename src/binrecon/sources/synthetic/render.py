"""From a scene to the bytes of its photo: painted back to front, then seen through the camera."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from binrecon.sources.synthetic.bands import draw_bands
from binrecon.sources.synthetic.bin_walls import draw_inside, draw_outside, get_opening
from binrecon.sources.synthetic.items import draw_item
from binrecon.sources.synthetic.layout import Item
from binrecon.sources.synthetic.scene import Camera, Lighting, Scene
from binrecon.sources.synthetic.skus import Rng
from binrecon.sources.synthetic.textures import Box, make_gain_table

_STICKER_WIDTH = 0.13
"""Width of the warehouse's sticker, as part of the opening's width."""
_SATURATION = 0.76
_LEAST_TURN_DEG = 0.9
"""Items turned less are drawn upright, which is three times as fast."""
_BLACK_LEVELS = np.array([32.0, 28.0, 25.0])
"""Black of the dataset's photos: never darker than this dull brown."""
_WHITE_GAINS = np.array([0.77, 0.695, 0.60])
"""White of each channel under the rack's lamps."""


_Patches = dict[tuple[int, int, int], Image.Image]


def render_photo(scene: Scene) -> bytes:
    """Draw a scene as a baseline JPEG, as the dataset's photos are; the same scene gives the same bytes."""
    photo = draw_scene(scene)
    buffer = BytesIO()
    photo.save(buffer, "JPEG", quality=scene.camera.quality, subsampling="4:2:0")
    return buffer.getvalue()


def draw_scene(scene: Scene) -> Image.Image:
    """Draw a scene as the camera sees it, RGB."""
    shape = scene.shape
    photo = draw_inside(shape, scene.lighting.depth_shade)
    opening = get_opening(shape)
    patches: _Patches = {}
    for item in scene.items:
        _paste_item(photo, item, opening, patches, 1 - 0.22 * scene.lighting.depth_shade)
    rng = np.random.default_rng(scene.camera.seed)
    draw_bands(photo, rng, opening[1], opening[3], shape.has_net)
    draw_outside(photo, shape)
    photo = _blur(_move(photo, scene.camera), scene.camera)
    return _add_grain(_grade(photo, scene.lighting), rng, scene.camera.noise)


def _paste_item(photo: Image.Image, item: Item, opening: Box, patches: _Patches, brightness: float) -> None:
    """Draw an item with its shadow; copies of one SKU are painted once and pasted again."""
    scale = opening[2] - opening[0]
    size = (round(item.width * scale), round(item.height * scale))
    key = (item.sku.texture_seed, *size)
    if key not in patches:
        patches[key] = draw_item(item.sku, *size, sticker_width=round(scale * _STICKER_WIDTH))
    patch = patches[key]
    if abs(item.angle_deg) > _LEAST_TURN_DEG:
        patch = patch.rotate(item.angle_deg, Image.Resampling.BILINEAR, expand=True)
    middle_x = opening[0] + item.x * scale
    middle_y = opening[3] - (item.y + item.height / 2) * scale
    corner = (round(middle_x - patch.width / 2), round(middle_y - patch.height / 2))
    mask = patch.getchannel("A")
    _cast_shadow(photo, mask, corner, scale)
    colours = patch.convert("RGB")
    photo.paste(colours.point(make_gain_table(round(100 * item.shade * brightness)) * 3), corner, mask)


def _cast_shadow(photo: Image.Image, mask: Image.Image, corner: tuple[int, int], scale: float) -> None:
    """Darken what lies around an item, softly; a quarter of the resolution is enough."""
    margin = round(scale * 0.03) + 4
    size = (mask.width + 2 * margin, mask.height + 2 * margin)
    small = Image.new("L", (size[0] // 4 + 1, size[1] // 4 + 1))
    inner = mask.reduce(4)
    small.paste(inner.point(make_gain_table(72)), (margin // 4, margin // 4))
    soft = small.filter(ImageFilter.BoxBlur(margin / 8)).resize(size, Image.Resampling.BILINEAR)
    photo.paste((34, 27, 22), (corner[0] - margin, corner[1] - margin + margin // 3), soft)


def _move(photo: Image.Image, camera: Camera) -> Image.Image:
    """Turn and shift the view; it is drawn in a little, so that no corner stays empty."""
    if camera.tilt_deg == 0:
        return photo
    width, height = photo.size
    angle = np.deg2rad(camera.tilt_deg)
    aspect = max(width / height, height / width)
    reach = abs(np.sin(angle)) * aspect + 2 * max(abs(camera.shift_x), abs(camera.shift_y))
    zoom = 1 / (1 + reach)
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    x, y = width / 2 + camera.shift_x * width, height / 2 + camera.shift_y * height
    offset_x, offset_y = x - cos * width / 2 - sin * height / 2, y + sin * width / 2 - cos * height / 2
    matrix = (cos, sin, offset_x, -sin, cos, offset_y)
    return photo.transform((width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def _blur(photo: Image.Image, camera: Camera) -> Image.Image:
    if camera.motion_px > 0:
        photo = photo.filter(ImageFilter.BoxBlur((camera.motion_px, camera.motion_px * 0.15)))
    if camera.defocus_px == 0:
        return photo
    if camera.defocus_px < 1:
        return photo.filter(ImageFilter.BoxBlur(_get_box_radius(camera.defocus_px)))
    # A wide blur looks the same at half the resolution.
    half = photo.reduce(2).filter(ImageFilter.GaussianBlur(camera.defocus_px / 2))
    return half.resize(photo.size, Image.Resampling.BICUBIC)


def _get_box_radius(deviation: float) -> float:
    """Return the radius r of the box of that standard deviation: its variance is ((2r + 1)² - 1) / 12."""
    return float((np.sqrt(12 * deviation**2 + 1) - 1) / 2)


def _grade(photo: Image.Image, lighting: Lighting) -> Image.Image:
    """Give the colours the dull, warm look of the rack's lamps."""
    luma = np.array([0.299, 0.587, 0.114])
    mixing = _SATURATION * np.eye(3) + (1 - _SATURATION) * luma
    tint = np.array([1.0 + 0.03 * lighting.warmth, 1.0, 1.0 - 0.10 * lighting.warmth])
    gains = _WHITE_GAINS * tint * lighting.exposure
    matrix = np.concatenate([mixing * gains[:, None], _BLACK_LEVELS[:, None]], axis=1)
    return photo.convert("RGB", matrix=tuple(matrix.ravel().tolist()))


def _add_grain(photo: Image.Image, rng: Rng, amplitude: float) -> Image.Image:
    """Add the grain of a camera that is short of light, the same in every channel."""
    table = [round(128 + (level - 128) * amplitude / 74) for level in range(256)]
    grain = Image.frombytes("L", photo.size, rng.bytes(photo.width * photo.height)).point(table)
    return ImageChops.add(photo, Image.merge("RGB", (grain, grain, grain)), offset=-128)
