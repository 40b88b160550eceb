"""Faults planted on purpose, so that finding them can be tested."""

from dataclasses import asdict, dataclass
from enum import StrEnum

import numpy as np

from binrecon.errors import SourceError

LARGEST_UNPADDED_ID = 9999
"""Five digits and more read the same with and without padding."""

_STREAM = 1_000_003  # keeps these draws apart from those of the bins


class Fault(StrEnum):
    """What is wrong with one bin."""

    CORRUPT_PHOTO = "corrupt_photo"
    MISSING_RECORD = "missing_record"
    DUPLICATE_PHOTO = "duplicate_photo"
    CONTRADICTORY_RECORD = "contradictory_record"
    EMPTY = "empty"


@dataclass(frozen=True)
class PlantedFaults:
    """How many bins get which fault; no bin gets two.

    Attributes:
        corrupt_photos: Photos that are cut off.
        missing_records: Photos without a record.
        duplicate_photos: Bins whose photo is, byte for byte, that of another bin; their record is their own.
        contradictory_records: Records that claim more items in total than they list.
        extra_empty_bins: Empty bins on top of those that the distribution of counts has.
        unpadded_ids: Bins with an unpadded id such as `523`, besides `00523` and with another picture.
            They come on top of the stated number of bins.
    """

    corrupt_photos: int = 0
    missing_records: int = 0
    duplicate_photos: int = 0
    contradictory_records: int = 0
    extra_empty_bins: int = 0
    unpadded_ids: int = 0

    @property
    def padded_count(self) -> int:
        """How many of the padded bins get a fault."""
        return (
            self.corrupt_photos
            + self.missing_records
            + self.duplicate_photos
            + self.contradictory_records
            + self.extra_empty_bins
        )


def check_faults(faults: PlantedFaults, bin_count: int) -> None:
    """Refuse faults that do not fit.

    Raises:
        SourceError: If a number is negative, or there are more faults than bins.
    """
    for name, count in asdict(faults).items():
        if count < 0:
            raise SourceError(
                f"source.faults.{name}: must be 0 or more, got {count}; set it to 0 to plant none"
            )
    needed = faults.padded_count + (1 if faults.duplicate_photos else 0)
    if needed > bin_count:
        also = ", and one faultless bin to copy," if faults.duplicate_photos else ""
        raise SourceError(
            f"source.faults: {faults.padded_count} faulty bins{also} do not fit into "
            f"source.bin_count={bin_count}; plant fewer, or set source.bin_count to {needed} or more"
        )
    most_unpadded = min(bin_count, LARGEST_UNPADDED_ID)
    if faults.unpadded_ids > most_unpadded:
        raise SourceError(
            f"source.faults.unpadded_ids: must be at most {most_unpadded} (each stands beside the padded id "
            f"of the same number, from 1 to {LARGEST_UNPADDED_ID}), got {faults.unpadded_ids}; "
            "lower it or raise source.bin_count"
        )


def choose_faults(faults: PlantedFaults, bin_count: int, seed: int) -> dict[int, Fault]:
    """Choose which bins get a fault.

    Returns:
        Number of the bin, from 1, to its fault.
    """
    kinds = (
        [Fault.CORRUPT_PHOTO] * faults.corrupt_photos
        + [Fault.MISSING_RECORD] * faults.missing_records
        + [Fault.DUPLICATE_PHOTO] * faults.duplicate_photos
        + [Fault.CONTRADICTORY_RECORD] * faults.contradictory_records
        + [Fault.EMPTY] * faults.extra_empty_bins
    )
    rng = np.random.default_rng([seed, _STREAM])
    numbers = rng.permutation(bin_count)[: len(kinds)] + 1
    return dict(zip(numbers.tolist(), kinds, strict=True))


def choose_unpadded(faults: PlantedFaults, bin_count: int, seed: int) -> list[int]:
    """Choose the numbers of the unpadded bins, sorted."""
    rng = np.random.default_rng([seed, _STREAM, 1])
    numbers = rng.permutation(min(bin_count, LARGEST_UNPADDED_ID))[: faults.unpadded_ids] + 1
    return sorted(numbers.tolist())


def cut_off(photo: bytes) -> bytes:
    """Keep the first two fifths of a photo, as a broken transfer does."""
    return photo[: len(photo) * 2 // 5]
