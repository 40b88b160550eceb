import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from binrecon.errors import MissingBinError, PhotoError
from binrecon.reconcile.page.thumbnails import SIDE, embed_photos, make_thumbnail


def encode(width: int, height: int, mode: str = "RGB", **options: object) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, size=(height // 32, width // 32, 3), dtype=np.uint8)
    content = BytesIO()
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC).convert(mode)
    image.save(content, format="JPEG", **options)
    return content.getvalue()


def decode(thumbnail: bytes) -> Image.Image:
    return Image.open(BytesIO(thumbnail))


@pytest.mark.parametrize(
    ("size", "expected"), [((640, 480), (320, 240)), ((400, 1000), (128, 320)), ((224, 224), (224, 224))]
)
def test_make_thumbnail__keeps_shape_and_never_enlarges(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    thumbnail = decode(make_thumbnail(encode(*size)))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", expected)
    assert max(thumbnail.size) <= SIDE


def test_make_thumbnail__shows_the_same_picture() -> None:
    photo = encode(640, 480)
    expected = decode(photo).resize((320, 240), Image.Resampling.LANCZOS)
    difference = np.asarray(decode(make_thumbnail(photo)), float) - np.asarray(expected, float)
    assert np.abs(difference).mean() < 4


def test_make_thumbnail__is_small_and_without_metadata() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"
    thumbnail = make_thumbnail(encode(640, 480, exif=exif))
    assert len(thumbnail) < 30_000
    assert b"where it was taken" not in thumbnail


def test_make_thumbnail__turns_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side
    assert decode(make_thumbnail(encode(640, 480, exif=exif))).size == (240, 320)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_make_thumbnail__of_other_colours(mode: str) -> None:
    assert decode(make_thumbnail(encode(64, 64, mode))).mode == "RGB"


@pytest.mark.parametrize(
    ("photo", "message"),
    [
        (b"", "not a JPEG: the file is empty"),
        (b"<svg onload=alert(1)>", "not a JPEG: it is text that begins '<svg onload=alert(1)>'"),
        (encode(640, 480)[:3000], "the JPEG is cut off or corrupt, in 3000 bytes"),
    ],
)
def test_make_thumbnail__refuses(photo: bytes, message: str) -> None:
    with pytest.raises(PhotoError) as caught:
        make_thumbnail(photo)
    assert str(caught.value) == message


def test_make_thumbnail__refuses_huge_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("binrecon.reconcile.page.thumbnails.MAX_PIXELS", 100)
    with pytest.raises(PhotoError, match="64 x 64 pixels are more than the 100 allowed"):
        make_thumbnail(encode(64, 64))


def test_embed_photos__has_none_for_a_photo_that_is_missing_or_corrupt() -> None:
    def read(bin_id: str) -> bytes:
        if bin_id == "gone":
            raise MissingBinError(bin_id)
        return b"no photo" if bin_id == "bad" else encode(64, 64)

    good, gone, bad = embed_photos(["good", "gone", "bad"], read)
    assert (gone, bad) == (None, None)
    assert decode(base64.b64decode(str(good))).size == (64, 64)
