import io
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from binrecon.errors import PhotoError
from binrecon.sources.decoder_messages import MESSAGES
from binrecon.sources.photo import decode_photo_noting


def make_photo(seed: int, extra: int = 0) -> bytes:
    """Return a JPEG with some bytes behind its last pixel that do not belong there."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(255, size=(64, 64, 3), dtype=np.uint8)).save(
        buffer, "JPEG"
    )
    photo = buffer.getvalue()
    return photo[:-2] + bytes(extra) + photo[-2:]


def test_decode_photo_noting__in_threads_each_hears_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    extras = [0, 0, 21, 0, 9, 0, 0, 12, 31] * 20
    photos = [make_photo(number % 9, extra) for number, extra in enumerate(extras)]
    alone = [decode_photo_noting(photo)[1] for photo in photos]
    assert [damage is not None for damage in alone] == [extra > 0 for extra in extras]
    with ThreadPoolExecutor(8) as pool:
        found = [damage for _, damage in pool.map(decode_photo_noting, photos)]
    assert found == alone
    assert capfd.readouterr().err == ""


def test_decode_photo_noting__a_photo_that_cannot_be_decoded(capfd: pytest.CaptureFixture[str]) -> None:
    photo = make_photo(0)
    with pytest.raises(PhotoError, match="the JPEG is c"):
        decode_photo_noting(photo[:700])
    assert decode_photo_noting(photo)[1] is None
    assert capfd.readouterr().err == ""


def test_heed__what_others_write_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    def decode() -> int:
        os.write(2, b"from elsewhere\nCorrupt JPEG data: 1 extraneous bytes\n")
        return 3

    assert MESSAGES.heed(decode) == (3, ["Corrupt JPEG data: 1 extraneous bytes"])
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "from elsewhere\nafterwards\n"
