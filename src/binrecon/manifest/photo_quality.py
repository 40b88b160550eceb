"""Sharpness and brightness of a photo: two cheap numbers, on one scale for photos of every size."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from torch import Tensor

QUALITY_SIDE = 224
"""Photos are squashed to a square of so many pixels a side before their sharpness is measured."""

_GREEN = 1


class PhotoQuality(NamedTuple):
    """Measures of a photo that need no knowledge of its content.

    Args:
        sharpness: Variance of the Laplacian: large where there are edges, small in a blurred or empty photo.
        brightness: Mean of the pixels, 0 is black and 255 white.
    """

    sharpness: float
    brightness: float


def measure_photo(photo: "Tensor") -> PhotoQuality:
    """Measure the green channel of a photo, half of what an eye sees of brightness and most of its detail.

    The sharpness is that of Pech-Pacheco et al. 2000 (ICPR, "Diatom autofocusing in brightfield microscopy"),
    with the Laplacian of four neighbours, of pixels in 0..255 after the photo is squashed to `QUALITY_SIDE`.

    Args:
        photo: RGB, uint8, shape (3, H, W).
    """
    green = Image.fromarray(photo[_GREEN].numpy())
    side = QUALITY_SIDE
    if green.size != (side, side):
        green = green.resize((side, side), Image.Resampling.BILINEAR)
    pixels = np.asarray(green, np.float32)
    laplacian = pixels[:-2, 1:-1] + pixels[2:, 1:-1] + pixels[1:-1, :-2] + pixels[1:-1, 2:]
    laplacian -= 4 * pixels[1:-1, 1:-1]
    return PhotoQuality(float(laplacian.var()), float(pixels.mean()))
