"""The bytes of a photo: its size from the header, its pixels by a full decode."""

from io import BytesIO
from typing import TYPE_CHECKING, cast

from PIL.JpegImagePlugin import JpegImageFile

from binrecon.errors import PhotoError
from binrecon.sources.decoder_messages import MESSAGES

if TYPE_CHECKING:
    from torch import Tensor

MAX_PIXELS = 50_000_000
"""Larger photos are refused before they are decoded; the dataset's largest has about one million pixels."""

_JPEG_START = b"\xff\xd8\xff"


def read_photo_size(photo: bytes) -> tuple[int, int]:
    """Read the width and the height in pixels from the header of a JPEG, without decoding it.

    Raises:
        PhotoError: If the bytes are not a JPEG, or its header cannot be read.
    """
    if len(photo) < 2 or not photo.startswith(_JPEG_START[: len(photo)]):
        raise PhotoError(f"not a JPEG: {_describe_other(photo)}")
    try:
        width, height = JpegImageFile(BytesIO(photo)).size
    except (OSError, SyntaxError, ValueError) as error:
        raise PhotoError(f"the JPEG header is corrupt or cut off, in {len(photo)} bytes") from error
    return width, height


def decode_photo(photo: bytes) -> "Tensor":
    """Decode a JPEG completely, turned upright if its EXIF tag asks for it.

    Grayscale and CMYK photos come out as RGB. Damage that leaves the stream readable (bytes changed in the
    middle) shows as wrong pixels, not as an error: the format has no checksum. See `decode_photo_noting`.

    Returns:
        Pixels as RGB, uint8, shape (3, H, W).

    Raises:
        PhotoError: If the bytes are not a JPEG, are cut off or corrupt, or hold more than `MAX_PIXELS`.
    """
    return decode_photo_noting(photo)[0]


def decode_photo_noting(photo: bytes) -> "tuple[Tensor, str | None]":
    """Decode a JPEG as `decode_photo` does, and return the decoder's warnings.

    Returns:
        Pixels, and libjpeg's own messages about damage that it could decode; None if it noticed none.

    Raises:
        PhotoError: As `decode_photo`.
    """
    # Imported here because torch is slow to load; the ignore, because torchcodec leaves it out of `__all__`.
    from torchcodec.decoders import decode_jpeg  # type: ignore[attr-defined]

    width, height = read_photo_size(photo)
    if width * height > MAX_PIXELS:
        raise PhotoError(f"{width} x {height} pixels are more than the {MAX_PIXELS:,} allowed")
    try:
        pixels, messages = MESSAGES.heed(lambda: cast("Tensor", decode_jpeg(photo, mode="RGB")))
    except (RuntimeError, ValueError) as error:
        raise PhotoError(_describe_failure(str(error), len(photo))) from error
    return pixels, "; ".join(dict.fromkeys(messages)) or None


def _describe_other(photo: bytes) -> str:
    """Say what bytes that are not a JPEG seem to be."""
    if not photo:
        return "the file is empty"
    if photo.startswith(b"\x89PNG"):
        return "it is a PNG image"
    if photo.startswith((b"GIF87a", b"GIF89a")):
        return "it is a GIF image"
    if photo.startswith(b"RIFF") and photo[8:12] == b"WEBP":
        return "it is a WebP image"
    head = photo.removeprefix(b"\xef\xbb\xbf")[:64]
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head):
        return f"it is text that begins {head.decode('ascii').strip()[:24]!r}"
    return f"it begins with the bytes {photo[:4].hex(' ')}"


def _describe_failure(decoder_message: str, byte_count: int) -> str:
    """Put a decoder's message, which names its own source files, into words for a user."""
    if "truncated" in decoder_message:
        return f"the JPEG is cut off after {byte_count} bytes"
    *_, detail = decoder_message.partition(".cpp:")
    return f"the JPEG is corrupt: {detail.partition(', ')[2] or decoder_message}"
