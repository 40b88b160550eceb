"""Photos that a counter accepts, and their preprocessing."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from binrecon.config.augment_words import TTA
from binrecon.data.transforms import RESIZES, list_looks, take_view
from binrecon.errors import PhotoError
from binrecon.regular_file import read_regular
from binrecon.sources.layout import MAX_BYTES
from binrecon.sources.photo import decode_photo

Photo = str | os.PathLike[str] | bytes | Image.Image | NDArray[np.uint8]
"""The path of a JPEG, its bytes, an image of Pillow's, or pixels: RGB, uint8, shape (H, W, 3)."""

ALLOWED = "the path of a JPEG, its bytes, a Pillow image, or RGB pixels as a uint8 array of shape (H, W, 3)"


class Sight(NamedTuple):
    """Preprocessing of photos, and test-time views.

    Attributes:
        image_size: Side of the network's input, in pixels.
        resize: Resizing to a square: `squash` or `pad`.
        tta: Test-time views that are averaged.
    """

    image_size: int
    resize: str
    tta: TTA


def is_one_photo(photos: object) -> bool:
    """Return whether the input is one photo, not several."""
    if isinstance(photos, np.ndarray):
        return photos.ndim == 3
    return isinstance(photos, str | os.PathLike | bytes | Image.Image)


def name_photo(photo: object, place: int) -> str:
    """Name a photo by its path; one without a path by its index, counted from 0.

    >>> name_photo(Path("bins/00523.jpg"), 7), name_photo(b"...", 7)
    ('bins/00523.jpg', 'photo 7')
    """
    return os.fspath(photo) if isinstance(photo, str | os.PathLike) else f"photo {place}"


def read_square(photo: Photo, sight: Sight) -> Tensor:
    """Read, decode and resize a photo, bit for bit as in training.

    Returns:
        RGB, uint8, shape (3, `image_size`, `image_size`).

    Raises:
        PhotoError: If it cannot be read.
    """
    return RESIZES[sight.resize](_read_pixels(photo), sight.image_size)


def look_at(squares: Sequence[Tensor], places: Iterable[int], tta: TTA) -> Tensor:
    """Return the views of photos that validation and test use.

    Args:
        squares: B photos, each uint8, shape (3, S, S).
        places: Indices of the photos among all, from which `side_on` draws its views.
        tta: Test-time views that are averaged.

    Returns:
        V consecutive views of each photo, uint8, shape (B V, 3, S, S).
    """
    looks = list_looks(torch.tensor(list(places)), tta).tolist()
    views = zip(squares, looks, strict=True)
    return torch.stack([take_view(square, view) for square, own in views for view in own])


def _read_pixels(photo: Photo) -> Tensor:
    match photo:
        case str() | os.PathLike():
            return decode_photo(_read_file(Path(photo)))
        case bytes():
            return decode_photo(photo)
        case Image.Image():
            return _of_image(photo)
        case np.ndarray():
            return _of_array(photo)
    raise PhotoError(f"a value of type {type(photo).__name__} is no photo; give {ALLOWED}")


def _read_file(path: Path) -> bytes:
    try:
        return read_regular(path, MAX_BYTES["photo"])
    except IsADirectoryError as error:
        raise PhotoError("it is a folder; give the photos in it, one by one") from error
    except OSError as error:
        raise PhotoError(f"the file cannot be read ({error.strerror})") from error


def _of_image(image: Image.Image) -> Tensor:
    if image.mode in ("I", "F") or image.mode.startswith("I;"):  # Pillow would cut off all above 255
        raise PhotoError(
            f"an image of Pillow's mode '{image.mode}' has more than 8 bits a pixel; bring it to 0 to 255 "
            "first, by the range that its camera has"
        )
    try:
        pixels = np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise PhotoError(f"the image cannot be decoded ({error})") from error
    return _of_array(pixels)


def _of_array(pixels: NDArray[np.uint8]) -> Tensor:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise PhotoError(
            f"an array of {pixels.dtype} and shape {pixels.shape} is no photo; "
            "give RGB pixels from 0 to 255 as uint8, shape (H, W, 3)"
        )
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))
