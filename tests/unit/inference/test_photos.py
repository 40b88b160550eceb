import io
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from binrecon.data import BinDataset, Views
from binrecon.data.transforms import list_looks
from binrecon.errors import PhotoError
from binrecon.inference.photos import Sight, is_one_photo, look_at, name_photo, read_square
from binrecon.sources import LocalSource

SQUASHED, PADDED = Sight(32, "squash", "none"), Sight(32, "pad", "none")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """60 x 40 pixels of noise, which shows every difference in resizing."""
    pixels = np.random.default_rng(0).integers(256, size=(40, 60, 3)).astype(np.uint8)
    (tmp_path / "bin-images").mkdir()
    path = tmp_path / "bin-images" / "00001.jpg"
    Image.fromarray(pixels).save(path, quality=90)
    return path


@pytest.mark.parametrize("sight", [SQUASHED, PADDED], ids=lambda sight: sight.resize)
def test_read_square__is_what_training_sees(sight: Sight, photo: Path) -> None:
    source = LocalSource(photo.parents[1])
    expected = BinDataset(source, ["00001"], [0], sight.image_size, sight.resize).read(0, sight.image_size)
    assert expected.shape == (3, 32, 32)
    for given in (photo, str(photo), photo.read_bytes()):
        assert torch.equal(read_square(given, sight), expected)
    with Image.open(photo) as image:  # another decoder, which here agrees to the bit
        assert torch.equal(read_square(image, sight), expected)
        assert torch.equal(read_square(np.array(image), sight), expected)


def test_read_square__is_upright_as_the_photo_asks(photo: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    turned = io.BytesIO()
    with Image.open(photo) as image:
        image.save(turned, "JPEG", exif=exif, quality=95)
    with Image.open(turned) as image:
        assert torch.equal(read_square(image, PADDED), read_square(turned.getvalue(), PADDED))
    assert not read_square(turned.getvalue(), PADDED)[:, 16, :4].any(), (
        "it stands, so left and right are black"
    )


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_read_square__of_images_that_are_not_rgb(mode: str, photo: Path) -> None:
    with Image.open(photo) as image:
        assert read_square(image.convert(mode), SQUASHED).shape == (3, 32, 32)


@pytest.mark.parametrize("tta", ["none", "flip", "side_on"])
def test_look_at__looks_as_validation_does(tta: str, tiny_bins: Path) -> None:
    source = LocalSource(tiny_bins)
    ids = source.list_bins().photo_ids[:6]
    dataset = BinDataset(source, ids, [0] * 6, 32, "squash")
    rows = torch.tensor([4, 5])
    looks = list_looks(rows, tta)
    expected = dataset[Views(rows.repeat_interleave(looks.shape[1]), looks.flatten(), looks.shape[1])].photos
    squares = [read_square(tiny_bins / f"bin-images/{ids[row]}.jpg", SQUASHED) for row in (4, 5)]
    assert torch.equal(look_at(squares, [4, 5], tta), expected)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (b"", "not a JPEG: the file is empty"),
        (b"\x89PNG....", "not a JPEG: it is a PNG image"),
        (Path("nowhere.jpg"), "the file cannot be read (No such file or directory)"),
        (Path(), "it is a folder; give the photos in it, one by one"),
        (3, "a value of type int is no photo; give the path of a JPEG, its bytes, a Pillow image, or RGB pixels as a uint8 array of shape (H, W, 3)"),
        (
            np.zeros((8, 8, 3), np.float32),
            "an array of float32 and shape (8, 8, 3) is no photo; give RGB pixels from 0 to 255 as uint8, shape (H, W, 3)",
        ),
        (np.zeros((3, 8, 8), np.uint8), "an array of uint8 and shape (3, 8, 8) is no photo"),
        (np.zeros((0, 8, 3), np.uint8), "an array of uint8 and shape (0, 8, 3) is no photo"),
        *(
            (
                Image.new(mode, (8, 8)),
                f"an image of Pillow's mode '{mode}' has more than 8 bits a pixel; bring it to 0 to 255 first, "
                "by the range that its camera has",
            )
            for mode in ("I", "I;16", "F")
        ),
    ],
)  # fmt: skip
def test_read_square__what_is_no_photo(given: object, message: str) -> None:
    with pytest.raises(PhotoError, match=re.escape(message)):
        read_square(given, SQUASHED)  # type: ignore[arg-type]


def test_read_square__an_image_that_is_cut_off(photo: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(photo.read_bytes()[:800])
    with pytest.raises(PhotoError, match=r"the JPEG is cut off after 800 bytes"):
        read_square(cut, SQUASHED)
    with (
        Image.open(cut) as image,
        pytest.raises(PhotoError, match=r"the image cannot be decoded \(.*truncated"),
    ):
        read_square(image, SQUASHED)


def test_is_one_photo() -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    assert all(map(is_one_photo, ["a.jpg", Path("a.jpg"), b"", Image.fromarray(pixels), pixels]))
    assert not any(map(is_one_photo, [["a.jpg"], pixels[None], iter([b""]), ()]))


def test_name_photo() -> None:
    assert name_photo("a.jpg", 3) == "a.jpg"
    assert name_photo(np.zeros((8, 8, 3), np.uint8), 3) == "photo 3"
