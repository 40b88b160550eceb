import re
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from binrecon.errors import PhotoError
from binrecon.sources.photo import MAX_PIXELS, decode_photo, read_photo_size

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8))
FLAT = Image.new("RGB", (64, 48), (200, 100, 50))


def encode(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def claim_size(photo: bytes, width: int, height: int) -> bytes:
    """Rewrite the size in the frame header of a baseline JPEG."""
    at = photo.index(b"\xff\xc0") + 5
    return photo[:at] + height.to_bytes(2) + width.to_bytes(2) + photo[at + 4 :]


NOT_JPEG = {
    "empty": (b"", "not a JPEG: the file is empty"),
    "png": (encode(FLAT, "PNG"), "not a JPEG: it is a PNG image"),
    "gif": (encode(FLAT, "GIF"), "not a JPEG: it is a GIF image"),
    "webp": (encode(FLAT, "WEBP"), "not a JPEG: it is a WebP image"),
    "html": (b"<!DOCTYPE html>\n<html>", "not a JPEG: it is text that begins '<!DOCTYPE html>\\n<html>'"),
    "xml": (
        b"\xef\xbb\xbf<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>",
        """not a JPEG: it is text that begins "<?xml version='1.0'?><Er\"""",
    ),
    "unknown": (bytes(1000), "not a JPEG: it begins with the bytes 00 00 00 00"),
    "one byte": (b"\xff", "not a JPEG: it begins with the bytes ff"),
}


def test_read_photo_size() -> None:
    assert read_photo_size(encode(NOISE)) == (64, 48)


def test_read_photo_size__needs_the_header_alone() -> None:
    assert read_photo_size(claim_size(encode(NOISE), 20_000, 20_000)[:700]) == (20_000, 20_000)


@pytest.mark.parametrize(("photo", "message"), NOT_JPEG.values(), ids=NOT_JPEG)
def test_not_a_jpeg(photo: bytes, message: str) -> None:
    for read in (read_photo_size, decode_photo):
        with pytest.raises(PhotoError, match=f"^{re.escape(message)}$"):
            read(photo)


@pytest.mark.parametrize("byte_count", [2, 3, 10, 100, 300])
def test_read_photo_size__header_cut_off(byte_count: int) -> None:
    with pytest.raises(PhotoError, match=f"^the JPEG header is corrupt or cut off, in {byte_count} bytes$"):
        read_photo_size(encode(NOISE)[:byte_count])


def test_read_photo_size__no_height() -> None:
    photo = claim_size(encode(NOISE), 64, 0)
    with pytest.raises(PhotoError, match=f"^the JPEG header is corrupt or cut off, in {len(photo)} bytes$"):
        read_photo_size(photo)


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=["baseline", "progressive"])
def test_decode_photo(options: dict[str, bool]) -> None:
    photo = encode(NOISE, quality=95, **options)
    pixels = decode_photo(photo)
    assert pixels.dtype == torch.uint8
    assert pixels.shape == (3, 48, 64)
    expected = torch.from_numpy(np.array(Image.open(BytesIO(photo)).convert("RGB"))).permute(2, 0, 1)
    torch.testing.assert_close(pixels, expected, atol=2, rtol=0)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_decode_photo__other_colours_become_rgb(mode: str) -> None:
    pixels = decode_photo(encode(FLAT.convert(mode)))
    expected = torch.tensor(FLAT.convert(mode).convert("RGB").getpixel((0, 0)))
    torch.testing.assert_close(pixels[:, 24, 32].long(), expected, atol=3, rtol=0)


def test_decode_photo__turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    assert decode_photo(encode(NOISE, exif=exif)).shape == (3, 64, 48)


def test_decode_photo__bytes_after_the_end_are_ignored() -> None:
    photo = encode(NOISE)
    assert torch.equal(decode_photo(photo + b"trailer"), decode_photo(photo))


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=["baseline", "progressive"])
@pytest.mark.parametrize("missing", [1, 2, 100, 1000])
def test_decode_photo__cut_off(options: dict[str, bool], missing: int) -> None:
    photo = encode(NOISE, **options)[:-missing]
    with pytest.raises(PhotoError, match=f"^the JPEG is cut off after {len(photo)} bytes$"):
        decode_photo(photo)


def test_decode_photo__corrupt() -> None:
    photo = encode(NOISE)
    at = photo.index(b"\xff\xc4") + 5  # the lengths of a Huffman table
    with pytest.raises(PhotoError, match=r"^the JPEG is corrupt: Bogus Huffman table definition$"):
        decode_photo(photo[:at] + b"\xff" * 16 + photo[at + 16 :])


def test_decode_photo__bomb() -> None:
    photo = claim_size(encode(FLAT), 20_000, 20_000)
    message = f"20000 x 20000 pixels are more than the {MAX_PIXELS:,} allowed"
    with pytest.raises(PhotoError, match=f"^{message}$"):
        decode_photo(photo)
