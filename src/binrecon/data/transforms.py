"""From a decoded photo of any size to the square that a backbone sees.

No crop, unless `data.augment` or `data.tta` asks for one of a few pixels: a crop can cut items away, and then
the recorded count no longer is the count in view.
"""

import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from binrecon.config.augment_words import TTA, Augment

VIEW_COUNT = 2
"""Views of a photo without augmentation: as it is, and mirrored."""


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
    """Look at a photo as a view asks: 0 leaves it, 1 mirrors it left to right, any other augments it.

    Args:
        photo: uint8, shape (3, H, W).
        view: At least 0.

    Returns:
        uint8, shape (3, H, W).
    """
    if view < VIEW_COUNT:
        return photo.flip(-1) if view == 1 else photo
    return side_on(photo, view)


def draw_views(count: int, horizontal_flip: bool, augment: Augment, generator: torch.Generator) -> Tensor:
    """Draw how photos are looked at in training.

    Args:
        count: Number B of photos.
        horizontal_flip: Whether half of them are mirrored.
        augment: What else is done to them.
        generator: Where chance comes from.

    Returns:
        Views for `take_view`, int64, shape (B,).
    """
    mirrored = torch.randint(VIEW_COUNT if horizontal_flip else 1, (count,), generator=generator)
    if augment == "none":
        return mirrored
    return VIEW_COUNT * torch.randint(1, 2**30, (count,), generator=generator) + mirrored


def list_looks(rows: Tensor, tta: TTA) -> Tensor:
    """List the views that validation and test average over.

    Args:
        rows: Which bins, int64, shape (B,).
        tta: The word of `data.tta`.

    Returns:
        Views for `take_view`, int64, shape (B, V): V is 1, 2 for `flip`, 5 for `side_on`.
    """
    plain = torch.zeros_like(rows)
    if tta == "none":
        return plain.unsqueeze(1)
    if tta == "flip":
        return torch.stack([plain, plain + 1], dim=1)
    augmented = VIEW_COUNT + 4 * rows.unsqueeze(1) + torch.arange(4)
    return torch.cat([plain.unsqueeze(1), augmented], dim=1)


def side_on(photo: Tensor, view: int) -> Tensor:
    """Turn, zoom and light a photo a little, as fastai 0.7 does for photos that are taken from the side.

    Its `transforms_side_on` with `max_zoom=1.1`: turned by up to 10 degrees in three of four cases, zoomed by
    up to 1.1 and cropped back at random, brightness and contrast changed by up to 0.05, mirrored if the view
    is odd. https://github.com/fastai/fastai/blob/24faf22/old/fastai/transforms.py

    Args:
        photo: uint8, shape (3, H, W).
        view: Chooses how: the same view does the same to every photo.

    Returns:
        uint8, shape (3, H, W).
    """
    generator = torch.Generator().manual_seed(view // VIEW_COUNT)
    turn, chance, zoom, right, down, brightness, contrast = torch.rand(7, generator=generator).tolist()
    height, width = photo.shape[-2:]
    angle = (2 * turn - 1) * 10 if chance < 0.75 else 0.0
    scale = 1 + 0.1 * zoom
    shift = [
        round((2 * right - 1) * (scale - 1) / 2 * width),
        round((2 * down - 1) * (scale - 1) / 2 * height),
    ]
    margin = [width // 8, height // 8]  # what is turned in from outside is the photo's own reflection
    moved = functional.affine(
        functional.pad(photo, margin, padding_mode="reflect"),
        angle,
        shift,
        scale,
        shear=[0.0, 0.0],
        interpolation=InterpolationMode.BILINEAR,
    )
    lit = functional.center_crop(moved, [height, width]).float() / 255
    spread = (2 * contrast - 1) * 0.05
    factor = 1 + spread if spread >= 0 else 1 / (1 - spread)
    mean = lit.mean()
    lit = (lit - mean) * factor + mean + (2 * brightness - 1) * 0.05
    done: Tensor = (lit.clamp(0, 1) * 255).round().to(torch.uint8)
    return done.flip(-1) if view % VIEW_COUNT else done
