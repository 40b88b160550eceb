"""Validation bins of a run, drawn to test a counter."""

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from binrecon.errors import ExportError, PhotoError
from binrecon.inference.counter import Counter
from binrecon.inference.formats import Pixels
from binrecon.inference.photos import read_square
from binrecon.manifest import CountRange
from binrecon.sources.build import build_source


class ValidationBins:
    """The validation bins of a run in shuffled order, the same for every call.

    Args:
        counter: Counter of the run.
        source_root: Folder of the bins, if they have moved since the run.
    """

    def __init__(self, counter: Counter, source_root: str | None = None) -> None:
        config = counter.config
        source = config.source
        self._source = build_source(source if source_root is None else replace(source, root=source_root))
        self._sight = counter.sight
        rows = counter.run.read_manifest().rows_of("val")
        order = np.random.default_rng(0).permutation(len(rows.bin_ids)).tolist()
        self.bin_ids = [rows.bin_ids[place] for place in order]
        self._hashes = dict(zip(rows.bin_ids, rows.photo_hashes, strict=True))
        labels = CountRange.of(config.data).label_counts(rows.recorded_counts)
        self.classes: NDArray[np.int64] = np.array(labels, np.int64)[order] - config.data.min_count

    def __len__(self) -> int:
        return len(self.bin_ids)

    def read(self, start: int, stop: int) -> list[bytes]:
        """Read photos as they are stored.

        Raises:
            ExportError: If one cannot be read, or has changed since the run.
        """
        bin_ids = self.bin_ids[start:stop]
        try:
            photos = [self._source.read_photo(bin_id) for bin_id in bin_ids]
        except OSError as error:
            raise ExportError(
                f"an export is compared with torch on validation photos of the run, of which one "
                f"cannot be read ({error}); say where they are now with source_root=FOLDER"
            ) from error
        for bin_id, photo in zip(bin_ids, photos, strict=True):
            if hashlib.sha256(photo).hexdigest() != self._hashes[bin_id]:
                raise ExportError(
                    f"source_root: the photo of bin {bin_id} in '{self._source.folder}' is not the run's; "
                    "an export is compared with torch on the run's own validation photos, so say where these "
                    "are now with source_root=FOLDER"
                )
        return photos

    def read_pixels(self, start: int, stop: int) -> Pixels:
        """Read photos as the network's input: uint8, shape (B, 3, S, S).

        Raises:
            ExportError: If one cannot be read, or is no longer a photo.
        """
        try:
            return np.stack([read_square(photo, self._sight).numpy() for photo in self.read(start, stop)])
        except PhotoError as error:
            raise ExportError(f"a validation photo of the run can no longer be read: {error}") from error
