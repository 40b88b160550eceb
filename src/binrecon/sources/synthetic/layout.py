"""Layout of items: copies in rows, stacks, fans and piles, groups beside, before and on each other."""

from dataclasses import dataclass, replace

import numpy as np

from binrecon.sources.synthetic.skus import Kind, Rng, Sku

LEAST_VISIBLE = 0.68
"""Part of each item that no other item should hide. Real bins hide more; then nobody could count them."""

_TRIES = 16
_GRID = 40
_FLOOR_RISE = 0.10  # how much higher the back of the floor appears, in parts of the bin's width


_Pose = tuple[float, float, float, float]
"""x, y, angle and shade of an item, as in `Item`."""


@dataclass(frozen=True)
class Item:
    """One unit as it lies in the bin; lengths are parts of the opening's width.

    Attributes:
        x: Middle, from the left edge.
        y: Lowest point, above the front edge of the floor.
        width: Width of the upright item as drawn, as is `height`.
        angle_deg: Turn counter-clockwise, in degrees.
        shade: Brightness; the back of the bin is darker.
    """

    sku: Sku
    x: float
    y: float
    width: float
    height: float
    angle_deg: float
    shade: float


def place_items(rng: Rng, groups: list[list[Sku]], aspect: float, bin_width: float) -> tuple[Item, ...]:
    """Place every unit, back to front, and try again while one is nearly hidden.

    `groups` are units by SKU, `aspect` is the height of the opening over its width, `bin_width` is in inches.
    """
    best: tuple[Item, ...] = ()
    best_visible = -1.0
    for _ in range(_TRIES):
        items = _place_once(rng, groups, aspect, bin_width)
        visible = measure_visible(items, aspect).min(initial=1.0)
        if visible > best_visible:
            best, best_visible = items, visible
        if visible >= LEAST_VISIBLE:
            break
    return best


def measure_visible(items: tuple[Item, ...], aspect: float) -> np.ndarray:
    """Measure which part of each item is inside the opening and hidden by no other item, shape (items,)."""
    owners = np.full((round(_GRID * aspect), _GRID), -1)
    rows, columns = np.mgrid[0 : owners.shape[0], 0:_GRID]
    x, y = (columns + 0.5) / _GRID, (rows + 0.5) / _GRID
    for index, item in enumerate(items):
        angle = np.deg2rad(item.angle_deg)
        dx, dy = x - item.x, y - (item.y + item.height / 2)
        along = dx * np.cos(angle) + dy * np.sin(angle)
        across = dy * np.cos(angle) - dx * np.sin(angle)
        owners[(np.abs(along) < item.width / 2) & (np.abs(across) < item.height / 2)] = index
    areas = np.array([max(item.width * item.height, 1e-6) for item in items])
    seen = np.bincount(owners[owners >= 0], minlength=len(items)) / _GRID**2
    return seen / areas if items else np.zeros(0)


def _place_once(rng: Rng, groups: list[list[Sku]], aspect: float, bin_width: float) -> tuple[Item, ...]:
    placed: list[tuple[float, list[Item]]] = []
    skyline: list[Item] = []
    for group in groups:
        members = _arrange_copies(rng, group, aspect, bin_width)
        left, right, bottom, top = _get_extent(members)
        start = rng.uniform(0, max(1 - (right - left), 0.0)) if right - left < 1 else (1 - right + left) / 2
        depth = rng.uniform(0, 1)
        base = _find_base(rng, skyline, start + (right - left) / 2, top - bottom, aspect)
        is_on_top = base > 0
        rise = base if is_on_top else depth * _FLOOR_RISE
        shade = 1.0 - (0.0 if is_on_top else 0.22 * depth)
        moved = [
            replace(m, x=m.x - left + start, y=m.y - bottom + rise, shade=m.shade * shade) for m in members
        ]
        skyline.extend(moved)
        placed.append((-1.0 if is_on_top else depth, moved))
    # Far groups first; what lies on others last.
    placed.sort(key=lambda entry: -entry[0])
    return tuple(item for _, members in placed for item in members)


def _find_base(rng: Rng, skyline: list[Item], middle: float, height: float, aspect: float) -> float:
    """Return how high a group comes to lie on those already there; 0 if it stands on the floor."""
    below = [item for item in skyline if abs(item.x - middle) < _get_half_extent(item)[0] * 0.8]
    if not below or rng.random() > 0.6:
        return 0.0
    highest = max(below, key=lambda item: item.y + item.height)
    top = highest.y + highest.height * (0.86 if highest.sku.kind == Kind.POLYBAG else 0.97)
    is_steady = abs(highest.angle_deg) < 12
    return top if is_steady and top + height <= aspect * 1.02 else 0.0


def _get_half_extent(item: Item) -> tuple[float, float]:
    """Return half the width and half the height of the bounding box of a turned item."""
    angle = np.deg2rad(item.angle_deg)
    cos, sin = abs(np.cos(angle)), abs(np.sin(angle))
    return (cos * item.width + sin * item.height) / 2, (sin * item.width + cos * item.height) / 2


def _get_extent(members: list[Item]) -> tuple[float, float, float, float]:
    """Return left and right edge, bottom and top of a group."""
    boxes = [(item.x, item.y + item.height / 2, *_get_half_extent(item)) for item in members]
    left, right = min(x - half for x, _, half, _ in boxes), max(x + half for x, _, half, _ in boxes)
    return left, right, min(y - half for _, y, _, half in boxes), max(y + half for _, y, _, half in boxes)


def _arrange_copies(rng: Rng, group: list[Sku], aspect: float, bin_width: float) -> list[Item]:
    """Arrange the copies of one SKU as hands put them: the first one at x = 0."""
    sku, count = group[0], len(group)
    width, height = sku.width / bin_width, sku.height / bin_width
    if sku.kind == Kind.BOOK and rng.random() >= 0.5:
        width, height, poses = _stand_books(rng, count, width, height, aspect)
    elif sku.kind == Kind.POLYBAG:
        poses = _pile(rng, count, width, height)
    elif sku.kind == Kind.BLISTER:
        poses = _fan(rng, count, width)
    elif sku.kind == Kind.BOOK or (
        sku.kind in (Kind.BOX, Kind.CARTON) and count * height < aspect * 0.95 and rng.random() < 0.5
    ):
        poses = [(rng.normal(0, width * 0.03), i * height, rng.normal(0, 0.6), 1.0) for i in range(count)]
    else:
        poses = _line_up(rng, count, width)
    return [Item(sku, x, y, width, height, angle, shade) for x, y, angle, shade in poses]


def _line_up(rng: Rng, count: int, width: float) -> list[_Pose]:
    """Place copies side by side; a single one may have fallen against a wall."""
    step = width * (rng.uniform(1.0, 1.1) if count * width < 1 else rng.uniform(0.6, 0.8))
    tilt = float(rng.uniform(-28, 28)) if rng.random() < (0.25 if count == 1 else 0.0) else 0.0
    return [
        (i * step, 0.015 * rng.random(), tilt + rng.normal(0, 0.8), 1 - 0.05 * rng.random())
        for i in range(count)
    ]


def _fan(rng: Rng, count: int, width: float) -> list[_Pose]:
    step, turn = width * rng.uniform(0.6, 0.95), rng.uniform(-4, 4)
    start = rng.uniform(-14, 14)
    return [(i * step, 0.02 * rng.random(), start + i * turn, 1.0) for i in range(count)]


def _pile(rng: Rng, count: int, width: float, height: float) -> list[_Pose]:
    step = height * rng.uniform(0.65, 0.9)
    return [
        (rng.normal(0, width * 0.12), i * step, rng.normal(0, 9), 0.9 + 0.1 * rng.random())
        for i in range(count)
    ]


def _stand_books(
    rng: Rng, count: int, width: float, height: float, aspect: float
) -> tuple[float, float, list[_Pose]]:
    """Stand books on end, leaning or not; return their width and height as they stand, too."""
    lean = float(rng.choice([0.0, rng.uniform(4, 24), -rng.uniform(4, 24)]))
    step = height / np.cos(np.deg2rad(lean)) * rng.uniform(1.0, 1.12)
    poses = [(i * step, 0.01 * rng.random(), -lean + rng.normal(0, 1.2), 1.0) for i in range(count)]
    return height, min(width, aspect * 0.9), poses
