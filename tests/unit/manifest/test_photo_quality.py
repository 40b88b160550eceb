import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from binrecon.manifest.photo_quality import QUALITY_SIDE, measure_photo


def draw_photo(scale: int = 1) -> torch.Tensor:
    """Smooth waves, of a length that grows with the size of the photo."""
    side = QUALITY_SIDE * scale
    x, y = np.meshgrid(np.arange(side) / scale, np.arange(side) / scale)
    wave = 128 + 60 * np.sin(x / 2) + 60 * np.cos(y / 3)
    return torch.from_numpy(np.stack([wave] * 3).astype(np.uint8))


def test_measure_photo__by_hand() -> None:
    """One bright pixel: the Laplacian is -4 times it there, and once it at each of four neighbours."""
    photo = torch.zeros((3, QUALITY_SIDE, QUALITY_SIDE), dtype=torch.uint8)
    photo[1, 100, 100] = 10
    quality = measure_photo(photo)
    places = (QUALITY_SIDE - 2) ** 2
    assert quality.sharpness == pytest.approx((40**2 + 4 * 10**2) / places)
    assert quality.brightness == pytest.approx(10 / QUALITY_SIDE**2)


def test_measure_photo__blur_lowers_sharpness_and_leaves_brightness() -> None:
    photo = draw_photo()
    sharp, blurred = (
        measure_photo(photo),
        measure_photo(functional.gaussian_blur(photo, [13, 13], [3.0, 3.0])),
    )
    assert blurred.sharpness < sharp.sharpness / 4
    assert blurred.brightness == pytest.approx(sharp.brightness, rel=0.05)


def test_measure_photo__darkness() -> None:
    photo = draw_photo()
    assert measure_photo(photo // 4).brightness == pytest.approx(measure_photo(photo).brightness / 4, abs=1)


def test_measure_photo__a_larger_photo_is_measured_on_the_same_scale() -> None:
    photo = draw_photo()
    one, other = measure_photo(photo), measure_photo(draw_photo(3))
    assert other.sharpness == pytest.approx(one.sharpness, rel=0.2)
    assert other.brightness == pytest.approx(one.brightness, rel=0.02)


def test_measure_photo__nothing_in_it() -> None:
    assert measure_photo(torch.full((3, 5, 9), 7, dtype=torch.uint8)) == (0.0, 7.0)
