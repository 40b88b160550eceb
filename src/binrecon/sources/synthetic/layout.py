"""How items lie in a bin: copies in rows, stacks, fans and piles, groups beside, before and on each other."""

from dataclasses import dataclass, replace

import numpy as np

from binrecon.sources.synthetic.skus import Kind, Sku

LEAST_VISIBLE = 0.68
"""Part of each item that no other item should hide. Real bins hide more; then nobody could count them."""

_TRIES = 16
_GRID = 40
_FLOOR_RISE = 0.10  # how much higher the back of the floor appears, in parts of the bin's width


@dataclass(frozen=True)
class Item:
    """One unit as it lies in the bin; lengths are parts of the opening's width.

    Attributes:
        sku: What it is.
        x: Middle, from the left edge.
        y: Lowest point, above the front edge of the floor.
        width: Width of the upright item as drawn.
        height: Height of the upright item as drawn.
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


def place_items(
    rng: np.random.Generator, groups: list[list[Sku]], aspect: float, bin_width: float
) -> tuple[Item, ...]:
    """Place every unit, back to front, and try again while one is nearly hidden.

    Args:
        rng: Decides everything.
        groups: Units by SKU.
        aspect: Height of the opening over its width.
        bin_width: Width of the opening in inches.
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


def _place_once(
    rng: np.random.Generator, groups: list[list[Sku]], aspect: float, bin_width: float
) -> tuple[Item, ...]:
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


def _find_base(
    rng: np.random.Generator, skyline: list[Item], middle: float, height: float, aspect: float
) -> float:
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
    halves = [_get_half_extent(item) for item in members]
    left = min(item.x - half[0] for item, half in zip(members, halves, strict=True))
    right = max(item.x + half[0] for item, half in zip(members, halves, strict=True))
    bottom = min(item.y + item.height / 2 - half[1] for item, half in zip(members, halves, strict=True))
    top = max(item.y + item.height / 2 + half[1] for item, half in zip(members, halves, strict=True))
    return left, right, bottom, top


def _arrange_copies(
    rng: np.random.Generator, group: list[Sku], aspect: float, bin_width: float
) -> list[Item]:
    """Arrange the copies of one SKU as hands put them: the first one at x = 0."""
    sku = group[0]
    width, height = sku.width / bin_width, sku.height / bin_width
    if sku.kind == Kind.BOOK:
        return _arrange_books(rng, group, width, height, aspect)
    if sku.kind == Kind.POLYBAG:
        return _arrange_pile(rng, group, width, height)
    if sku.kind == Kind.BLISTER:
        return _arrange_fan(rng, group, width, height)
    is_square_edged = sku.kind in (Kind.BOX, Kind.CARTON)
    if is_square_edged and len(group) * height < aspect * 0.95 and rng.random() < 0.5:
        return _arrange_stack(rng, group, width, height)
    step = width * (rng.uniform(1.0, 1.1) if len(group) * width < 1 else rng.uniform(0.6, 0.8))
    tilt = _sample_tilt(rng, 0.25 if len(group) == 1 else 0.0)
    return [
        Item(
            sku,
            i * step,
            0.015 * rng.random(),
            width,
            height,
            tilt + rng.normal(0, 0.8),
            1 - 0.05 * rng.random(),
        )
        for i, sku in enumerate(group)
    ]


def _sample_tilt(rng: np.random.Generator, chance: float) -> float:
    """Draw the angle of something that may have fallen against a wall, in degrees."""
    return float(rng.uniform(-28, 28)) if rng.random() < chance else 0.0


def _arrange_stack(rng: np.random.Generator, group: list[Sku], width: float, height: float) -> list[Item]:
    return [
        Item(sku, rng.normal(0, width * 0.03), i * height, width, height, rng.normal(0, 0.6), 1.0)
        for i, sku in enumerate(group)
    ]


def _arrange_fan(rng: np.random.Generator, group: list[Sku], width: float, height: float) -> list[Item]:
    step, turn = width * rng.uniform(0.6, 0.95), rng.uniform(-4, 4)
    start = rng.uniform(-14, 14)
    return [
        Item(sku, i * step, 0.02 * rng.random(), width, height, start + i * turn, 1.0)
        for i, sku in enumerate(group)
    ]


def _arrange_pile(rng: np.random.Generator, group: list[Sku], width: float, height: float) -> list[Item]:
    step = height * rng.uniform(0.65, 0.9)
    return [
        Item(
            sku,
            rng.normal(0, width * 0.12),
            i * step,
            width,
            height,
            rng.normal(0, 9),
            0.9 + 0.1 * rng.random(),
        )
        for i, sku in enumerate(group)
    ]


def _arrange_books(
    rng: np.random.Generator, group: list[Sku], width: float, height: float, aspect: float
) -> list[Item]:
    if rng.random() < 0.5:
        return _arrange_stack(rng, group, width, height)
    length = min(width, aspect * 0.9)
    lean = float(rng.choice([0.0, rng.uniform(4, 24), -rng.uniform(4, 24)]))
    step = height / np.cos(np.deg2rad(lean)) * rng.uniform(1.0, 1.12)
    return [
        Item(sku, i * step, 0.01 * rng.random(), height, length, -lean + rng.normal(0, 1.2), 1.0)
        for i, sku in enumerate(group)
    ]
