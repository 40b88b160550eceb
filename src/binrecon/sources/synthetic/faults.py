"""Faults planted on purpose, so that finding them can be tested."""

from enum import StrEnum

import numpy as np

from binrecon.errors import SourceError
from binrecon.sources.synthetic.options import FaultsConfig

LARGEST_UNPADDED_ID = 9999
"""Five digits and more read the same with and without padding."""

_STREAM = 1_000_003  # keeps these draws apart from those of the bins


class Fault(StrEnum):
    """The fault of one bin; each value is the key of `FaultsConfig` that says how many bins get it."""

    CORRUPT_PHOTO = "corrupt_photos"
    MISSING_RECORD = "missing_records"
    DUPLICATE_PHOTO = "duplicate_photos"
    CONTRADICTORY_RECORD = "contradictory_records"
    EMPTY = "extra_empty_bins"


def check_faults(faults: FaultsConfig, bin_count: int) -> None:
    """Refuse faults that do not fit: no bin gets two, and unpadded bins come on top of `bin_count`.

    Raises:
        SourceError: If a number is negative, or there are more faults than bins.
    """
    for name, count in vars(faults).items():
        if count < 0:
            raise SourceError(
                f"source.faults.{name}: must be 0 or more, got {count}; set it to 0 to plant none"
            )
    planted = len(_list_faults(faults))
    needed = planted + (1 if faults.duplicate_photos else 0)
    if needed > bin_count:
        also = ", and one faultless bin to copy," if faults.duplicate_photos else ""
        raise SourceError(
            f"source.faults: {planted} faulty bins{also} do not fit into source.bin_count={bin_count}; "
            f"plant fewer, or set source.bin_count to {needed} or more"
        )
    most_unpadded = min(bin_count, LARGEST_UNPADDED_ID)
    if faults.unpadded_ids > most_unpadded:
        raise SourceError(
            f"source.faults.unpadded_ids: must be at most {most_unpadded} (each stands beside the padded id "
            f"of the same number, from 1 to {LARGEST_UNPADDED_ID}), got {faults.unpadded_ids}; "
            "lower it or raise source.bin_count"
        )


def _list_faults(faults: FaultsConfig) -> list[Fault]:
    return [fault for fault in Fault for _ in range(getattr(faults, fault))]


def choose_faults(faults: FaultsConfig, bin_count: int, seed: int) -> dict[int, Fault]:
    """Choose the bins that get a fault: number of the bin, from 1, to its fault."""
    kinds = _list_faults(faults)
    numbers = np.random.default_rng([seed, _STREAM]).permutation(bin_count)[: len(kinds)] + 1
    return dict(zip(numbers.tolist(), kinds, strict=True))


def choose_unpadded(faults: FaultsConfig, bin_count: int, seed: int) -> list[int]:
    """Choose the numbers of the unpadded bins, sorted."""
    rng = np.random.default_rng([seed, _STREAM, 1])
    numbers = rng.permutation(min(bin_count, LARGEST_UNPADDED_ID))[: faults.unpadded_ids] + 1
    return sorted(numbers.tolist())
