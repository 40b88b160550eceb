"""A scene as plain values: one bin, its items, the light and the camera.

The ranges below, those of `layout.py` and the strings of `bands.py` decide how hard counting is. They are set
so that a linear head on frozen ImageNet features (tf_efficientnet_lite0, 224 pixels, 1,000 training bins)
counts 0 to 5 items right in about 45% of the bins; always saying the commonest count is right in 26%.
"""

from dataclasses import dataclass, replace

import numpy as np

from binrecon.sources.synthetic.layout import Item, place_items
from binrecon.sources.synthetic.skus import Rng, Sku, sample_sku

PHOTO_WIDTHS = (314, 894)
"""Least and most pixels across among the dataset's photos, as is `PHOTO_HEIGHTS` for the other direction."""
PHOTO_HEIGHTS = (231, 1089)

_SHELVES = "ABCDEFGHIJK"
_PORTRAIT_SHARE = 0.24


@dataclass(frozen=True)
class BinShape:
    """The empty bin, which stays the same from photo to photo.

    Attributes:
        photo_width: In pixels, as is `photo_height`.
        left: Edge of the opening, as part of the photo's width or height, as are `right`, `top` and `bottom`.
        width_in: Width of the opening in inches.
        label: Text of its label, such as `2E`.
        label_x: Middle of the label, as part of the photo's width.
        has_net: Whether one wide net closes the lower half, as on upper shelves, in place of two bands.
        is_open_above: Whether the rack shows above it in place of another bin's lip.
        seed: Seed of fabric, clutter and bands.
    """

    photo_width: int
    photo_height: int
    left: float
    right: float
    top: float
    bottom: float
    width_in: float
    label: str
    label_x: float
    has_net: bool
    is_open_above: bool
    seed: int

    @property
    def aspect(self) -> float:
        """Height of the opening over its width."""
        height = (self.bottom - self.top) * self.photo_height
        return height / ((self.right - self.left) * self.photo_width)


@dataclass(frozen=True)
class Lighting:
    """Light on the bin: exposure around 1, warmth 0 to 1, darkness of the back (`depth_shade`) 0 to 1."""

    exposure: float
    warmth: float
    depth_shade: float


@dataclass(frozen=True)
class Camera:
    """Effects of the camera, which differ from photo to photo.

    Attributes:
        tilt_deg: Turn of the whole photo; 0 for a photo taken straight, without shift.
        shift_x: Shift of the whole photo, in parts of its width, as `shift_y` in parts of its height.
        defocus_px: Standard deviation of the blur; 0 for none.
        motion_px: Length of the horizontal motion blur; 0 for none.
        noise: Amplitude of the grain, in grey levels.
        seed: Seed of the grain and of the bands.
    """

    tilt_deg: float
    shift_x: float
    shift_y: float
    defocus_px: float
    motion_px: float
    noise: float
    quality: int
    seed: int


@dataclass(frozen=True)
class Scene:
    """One bin as it is photographed, items in the order they are drawn, back to front."""

    shape: BinShape
    lighting: Lighting
    camera: Camera
    items: tuple[Item, ...]


def sample_scene(rng: Rng, item_count: int) -> Scene:
    """Sample a bin that holds `item_count` items, copies of one SKU included."""
    shape = _sample_shape(rng)
    skus = _sample_units(rng, shape, item_count)
    items = place_items(rng, skus, shape.aspect, shape.width_in)
    return Scene(shape, _sample_lighting(rng), _sample_camera(rng), items)


def remove_item(scene: Scene, rng: Rng) -> Scene:
    """Photograph the same bin again after one unit was picked from it; `scene` must hold an item."""
    picked = int(rng.integers(len(scene.items)))
    remaining = scene.items[:picked] + scene.items[picked + 1 :]
    settled = tuple(
        replace(item, x=item.x + rng.normal(0, 0.006), angle_deg=item.angle_deg + rng.normal(0, 0.6))
        for item in remaining
    )
    lighting = replace(scene.lighting, exposure=scene.lighting.exposure * rng.uniform(0.94, 1.06))
    return Scene(scene.shape, lighting, _sample_camera(rng), settled)


def _sample_shape(rng: Rng) -> BinShape:
    is_portrait = rng.random() < _PORTRAIT_SHARE
    if is_portrait:
        aspect = rng.uniform(0.62, 0.94)
    else:
        aspect = np.clip(1.42 * np.exp(rng.normal(0, 0.16)), 1.04, 2.1)
    median = 400 if is_portrait else 485
    width = int(np.clip(median * np.exp(rng.normal(0, 0.19)), *PHOTO_WIDTHS))
    height = int(np.clip(width / aspect, *PHOTO_HEIGHTS))
    side, shelf = rng.integers(1, 5), _SHELVES[rng.integers(len(_SHELVES))]
    is_open_above = bool(rng.random() < (0.35 if is_portrait else 0.06))
    return BinShape(
        photo_width=width,
        photo_height=height,
        left=rng.uniform(0.0, 0.05),
        right=rng.uniform(0.95, 1.0),
        top=rng.uniform(0.04, 0.13),
        bottom=rng.uniform(0.84, 0.93),
        width_in=round(rng.uniform(11.0, 17.0), 1),
        label=f"{side}{shelf}",
        label_x=rng.uniform(0.38, 0.62),
        has_net=bool(rng.random() < (0.8 if is_open_above else 0.0)),
        is_open_above=is_open_above,
        seed=int(rng.integers(2**32)),
    )


def _sample_lighting(rng: Rng) -> Lighting:
    return Lighting(
        exposure=float(np.clip(rng.normal(1.0, 0.06), 0.8, 1.2)),
        warmth=rng.uniform(0.0, 1.0),
        depth_shade=rng.uniform(0.5, 0.7),
    )


def _sample_camera(rng: Rng) -> Camera:
    is_moved, focus = rng.random() < 0.05, rng.random()
    defocus_px = rng.uniform(1.2, 2.2) if focus < 0.05 else rng.uniform(0.3, 0.8) if focus < 0.25 else 0.0
    return Camera(
        tilt_deg=rng.uniform(-1.6, 1.6) if rng.random() < 0.2 else 0.0,
        shift_x=rng.normal(0, 0.008),
        shift_y=rng.normal(0, 0.012),
        defocus_px=defocus_px,
        motion_px=rng.uniform(2.0, 6.0) if is_moved else 0.0,
        noise=rng.uniform(2.0, 3.0),
        quality=int(rng.integers(89, 96)),
        seed=int(rng.integers(2**32)),
    )


def _sample_units(rng: Rng, shape: BinShape, item_count: int) -> list[list[Sku]]:
    """Draw the units of the bin, grouped by SKU: often several copies, as in a real bin."""
    shrink = 1.02 * max(item_count, 1) ** -0.1
    groups: list[list[Sku]] = []
    remaining = item_count
    while remaining > 0:
        copies = int(rng.integers(1, remaining + 1)) if rng.random() < 0.42 else 1
        sku = sample_sku(rng, shape.width_in, shape.width_in * shape.aspect, shrink)
        groups.append([sku] * copies)
        remaining -= copies
    return groups
