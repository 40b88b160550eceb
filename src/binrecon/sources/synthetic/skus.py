"""Items of rendered bins: kind, name, size, weight and print of one stock-keeping unit."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

Rng = np.random.Generator

Colour = tuple[int, int, int]
"""Red, green and blue under white light, 0 to 255."""

_ASIN_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MAKERS = (
    "Nortfell", "Kestrel & Co", "Lumora", "Brightwick", "Tavola", "Ostra", "Pinehurst", "Halvorsen",
    "Quillmark", "Vantora", "Mistral", "Corvane", "Ardent", "Solbakken", "Façonne", "Grünwald", "Peña Home",
    "Zephyra&reg;",
)  # fmt: skip
_QUALITIES = (
    "Classic", "Deluxe", "Compact", "Heavy Duty", "Ultra", "Organic", "Portable", "Premium", "Everyday",
    "Junior", "Professional", "Wireless", "Slim", "Café", "Stainless", "Eco",
)  # fmt: skip
_SUFFIXES = (
    "Black", "Blue", "2-Pack", "12 oz", "Medium", "Large (10 x 8)", "Set of 4", "Red &amp; White", "1 Count",
)  # fmt: skip


class Kind(StrEnum):
    """Shape of an item."""

    BOX = "box"
    CARTON = "carton"
    POLYBAG = "polybag"
    BOTTLE = "bottle"
    JAR = "jar"
    BOOK = "book"
    BLISTER = "blister"


class _Look(NamedTuple):
    """The range of one kind of item."""

    share: float
    """Share of the SKUs."""
    face: tuple[float, float, float, float]
    """Least and most width, then least and most height, as parts of the square root of the bin's area."""
    nouns: tuple[str, ...]


_LOOKS = {
    Kind.BOX: _Look(0.25, (0.36, 0.46, 0.42, 0.56), (
        "Desk Lamp", "Tea Assortment", "Night Light", "Puzzle 500 Pieces", "Toner Cartridge", "Hair Dryer",
    )),
    Kind.CARTON: _Look(0.13, (0.38, 0.50, 0.40, 0.54), (
        "Air Filter", "Brake Pad Kit", "Shelf Bracket", "Replacement Motor", "Wall Mount",
    )),
    Kind.POLYBAG: _Look(0.24, (0.46, 0.58, 0.42, 0.54), (
        "Cotton T-Shirt", "Pillow Cover", "Leggings", "Plush Bear", "Bath Towel", "Rain Poncho",
    )),
    Kind.BOTTLE: _Look(0.09, (0.24, 0.32, 0.58, 0.76), (
        "Shampoo", "Fish Oil", "Glass Cleaner", "Body Lotion", "Vinegar",
    )),
    Kind.JAR: _Look(0.07, (0.34, 0.42, 0.42, 0.52), (
        "Protein Powder", "Vitamin C Tablets", "Face Cream", "Peanut Butter",
    )),
    Kind.BOOK: _Look(0.12, (0.66, 0.86, 0.16, 0.22), (
        "A History of Rivers", "The Silent Orchard", "Cooking for Two", "Algebra Workbook", "Night Train",
    )),
    Kind.BLISTER: _Look(0.10, (0.32, 0.40, 0.48, 0.62), (
        "Phone Cable", "Ballpoint Pens", "Fishing Lure", "Batteries AA", "Drill Bits", "Earbuds",
    )),
}  # fmt: skip
_LOUD_COLOURS: tuple[Colour, ...] = (
    (196, 40, 38), (28, 66, 140), (24, 120, 76), (236, 150, 30), (110, 50, 120), (30, 140, 180),
    (240, 210, 60), (225, 105, 130), (90, 150, 60), (60, 40, 110),
)  # fmt: skip
_QUIET_COLOURS: tuple[Colour, ...] = (
    (238, 236, 230), (38, 36, 40), (215, 212, 205), (74, 76, 82), (160, 158, 155), (246, 244, 240),
    (58, 48, 44),
)  # fmt: skip
_CARTON_COLOURS: tuple[Colour, ...] = ((164, 124, 88), (178, 140, 104), (150, 112, 82), (226, 222, 214))


@dataclass(frozen=True)
class Sku:
    """One stock-keeping unit; all its units look alike.

    Attributes:
        key: Its key in the record: the asin, or now and then an FNSKU (`ZZX…`) that differs from it.
        asin: Catalogue number, ten letters and digits.
        name: Catalogue name; may hold non-ASCII letters and HTML entities.
        width: Width of the visible face, in inches, as are `height` and `depth`.
        weight: In pounds, or None where the catalogue does not know.
        has_size: Whether the catalogue knows the three dimensions.
        colours: Ground, print and accent colour.
        texture_seed: Seed of the print.
    """

    key: str
    asin: str
    name: str
    kind: Kind
    width: float
    height: float
    depth: float
    weight: float | None
    has_size: bool
    colours: tuple[Colour, Colour, Colour]
    texture_seed: int


def sample_sku(rng: Rng, bin_width: float, highest: float, shrink: float) -> Sku:
    """Draw a SKU that fits into a bin of that width and height, in inches.

    `shrink` is the factor on its usual size, at most 1, with which many items fit.
    """
    kind = Kind(str(rng.choice([str(kind) for kind in _LOOKS], p=[look.share for look in _LOOKS.values()])))
    least_width, most_width, least_height, most_height = _LOOKS[kind].face
    unit = shrink * np.sqrt(bin_width * highest)
    width = min(unit * rng.uniform(least_width, most_width), bin_width * 0.96)
    height = min(unit * rng.uniform(least_height, most_height), highest * 0.96)
    depth = bin_width * rng.uniform(0.1, 0.5)
    asin = "B0" + "".join(_ASIN_LETTERS[i] for i in rng.integers(0, 36, 8))
    has_own_key = rng.random() < 0.04
    volume = width * height * depth
    own_key = "ZZX" + "".join(_ASIN_LETTERS[i] for i in rng.integers(0, 36, 7))
    return Sku(
        key=own_key if has_own_key else asin,
        asin=asin,
        name=_sample_name(rng, kind),
        kind=kind,
        width=round(width, 1),
        height=round(max(height, 0.3), 1),
        depth=round(depth, 1),
        weight=None if rng.random() < 0.023 else round(float(volume * rng.uniform(0.005, 0.03)), 2),
        has_size=bool(rng.random() > 0.002),
        colours=_sample_colours(rng, kind),
        texture_seed=int(rng.integers(2**32)),
    )


def _sample_name(rng: Rng, kind: Kind) -> str:
    """Make up a catalogue name; no real maker is meant."""
    maker, quality = str(rng.choice(_MAKERS)), str(rng.choice(_QUALITIES))
    return f"{maker} {quality} {rng.choice(_LOOKS[kind].nouns)}, {rng.choice(_SUFFIXES)}"


def _sample_colours(rng: Rng, kind: Kind) -> tuple[Colour, Colour, Colour]:
    """Draw ground, print and accent; ground and print contrast."""
    quiet = _QUIET_COLOURS[rng.integers(len(_QUIET_COLOURS))]
    loud = _LOUD_COLOURS[rng.integers(len(_LOUD_COLOURS))]
    accent = (_LOUD_COLOURS + _QUIET_COLOURS)[rng.integers(len(_LOUD_COLOURS) + len(_QUIET_COLOURS))]
    ground = loud if rng.random() < 0.4 else quiet
    if kind == Kind.CARTON:
        ground = _CARTON_COLOURS[rng.integers(len(_CARTON_COLOURS))]
    is_bright = sum(ground) > 380
    contrast = (44, 38, 40) if is_bright else (238, 236, 230)
    text = loud if ground == quiet and rng.random() < 0.3 else contrast
    return ground, text, accent
