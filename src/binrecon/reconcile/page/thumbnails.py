"""Photos small enough to lie in the page itself."""

import base64
from collections.abc import Callable, Iterable
from io import BytesIO

from PIL import Image, ImageOps

from binrecon.errors import BinreconError, PhotoError
from binrecon.sources.photo import MAX_PIXELS, read_photo_size

SIDE = 320
"""Longest side in pixels; the page shows photos about that wide."""

_QUALITY = 72
"""Of the JPEG: about 14 kB a photo; tape and small print stay as readable as 320 pixels let them be."""


def make_thumbnail(photo: bytes) -> bytes:
    """Encode a photo anew with its longest side at most `SIDE` pixels, upright, without its metadata.

    Raises:
        PhotoError: If the bytes are not a JPEG that can be decoded, or hold too many pixels.
    """
    width, height = read_photo_size(photo)
    if width * height > MAX_PIXELS:
        raise PhotoError(f"{width} x {height} pixels are more than the {MAX_PIXELS:,} allowed")
    try:
        with Image.open(BytesIO(photo)) as image:
            image.draft("RGB", (SIDE, SIDE))  # decodes at a half or a quarter, where that is large enough
            small = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise PhotoError(f"the JPEG is cut off or corrupt, in {len(photo)} bytes") from error
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    content = BytesIO()
    small.save(content, format="JPEG", quality=_QUALITY, optimize=True)
    return content.getvalue()


def embed_photos(bin_ids: Iterable[str], read_photo: Callable[[str], bytes]) -> list[str | None]:
    """Return each bin's thumbnail in base64, or None where its photo is missing or corrupt."""
    return [_embed_photo(bin_id, read_photo) for bin_id in bin_ids]


def _embed_photo(bin_id: str, read_photo: Callable[[str], bytes]) -> str | None:
    try:
        return base64.b64encode(make_thumbnail(read_photo(bin_id))).decode("ascii")
    except BinreconError:
        return None
