import numpy as np
import pytest
import torch
from PIL import Image

from binrecon.data.transforms import pad, squash, take_view


def smooth_photo(height: int, width: int) -> torch.Tensor:
    """A photo with slow gradients, on which interpolation methods agree closely."""
    rows, columns = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij")
    return (torch.stack([rows, columns, (rows + columns) / 2]) * 255).to(torch.uint8)


@pytest.mark.parametrize("shape", [(345, 473), (600, 200), (50, 60)])
def test_squash__is_pils_bilinear(shape: tuple[int, int]) -> None:
    photo = smooth_photo(*shape)
    theirs = Image.fromarray(photo.permute(1, 2, 0).numpy()).resize((224, 224), Image.Resampling.BILINEAR)
    difference = squash(photo, 224).permute(1, 2, 0).numpy().astype(int) - np.asarray(theirs).astype(int)
    assert abs(difference).max() <= 1


def test_squash__leaves_the_right_size_alone() -> None:
    photo = torch.randint(256, (3, 224, 224), dtype=torch.uint8)
    assert torch.equal(squash(photo, 224), photo)


@pytest.mark.parametrize(("shape", "box"), [((100, 50), (0, 16, 64, 48)), ((50, 100), (16, 0, 48, 64))])
def test_pad__keeps_the_aspect_and_centres(shape: tuple[int, int], box: tuple[int, int, int, int]) -> None:
    padded = pad(torch.full((3, *shape), 200, dtype=torch.uint8), 64)
    top, left, bottom, right = box
    assert padded.shape == (3, 64, 64)
    assert (padded[:, top:bottom, left:right] == 200).all()
    assert int(padded.sum()) == 200 * 3 * (bottom - top) * (right - left), "black around"


def test_pad__extremely_narrow() -> None:
    assert pad(torch.full((3, 1000, 1), 9, dtype=torch.uint8), 32).sum() == 9 * 3 * 32


def test_take_view() -> None:
    photo = torch.arange(12, dtype=torch.uint8).view(3, 2, 2)
    assert torch.equal(take_view(photo, 0), photo)
    assert torch.equal(take_view(photo, 1)[0], torch.tensor([[1, 0], [3, 2]], dtype=torch.uint8))
