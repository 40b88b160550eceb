"""From a decoded photo of any size to the square that a backbone sees.

No crop, anywhere: a crop can cut items away, and then the recorded count no longer is the count in view.
"""

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

VIEW_COUNT = 2
"""Views of a photo: as it is, and mirrored."""


def squash(photo: Tensor, size: int) -> Tensor:
    """Resize to a square without keeping the aspect, as Stanford's and UNC's published runs did.

    Args:
        photo: uint8, shape (3, H, W).
        size: Side of the square in pixels.

    Returns:
        uint8, shape (3, size, size).
    """
    if photo.shape[-2:] == (size, size):
        return photo
    resized: Tensor = functional.resize(photo, [size, size], antialias=True)
    return resized


def pad(photo: Tensor, size: int) -> Tensor:
    """Resize the longer side to `size`, keeping the aspect, and centre the photo on black.

    Args:
        photo: uint8, shape (3, H, W).
        size: Side of the square in pixels.

    Returns:
        uint8, shape (3, size, size).
    """
    height, width = photo.shape[-2:]
    scale = size / max(height, width)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    square = torch.zeros((3, size, size), dtype=photo.dtype)
    top, left = (size - new_height) // 2, (size - new_width) // 2
    square[:, top : top + new_height, left : left + new_width] = functional.resize(
        photo, [new_height, new_width], antialias=True
    )
    return square


RESIZES = {"squash": squash, "pad": pad}
"""`data.resize` to what it does."""


def take_view(photo: Tensor, view: int) -> Tensor:
    """Turn a photo as a view asks: 0 leaves it, 1 mirrors it left to right.

    Args:
        photo: Shape (3, H, W).
        view: Below `VIEW_COUNT`.
    """
    return photo.flip(-1) if view == 1 else photo
