"""Photos that cannot be counted: blurred, dark, unlike those of training, or shared by two bins."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from binrecon.calibration.arrays import Booleans, Floats
from binrecon.config.reconcile import PhotoQualityConfig
from binrecon.reconcile.photo_reference import PhotoReference


@dataclass(frozen=True)
class Thresholds:
    """From where on a photo is unusual.

    Args:
        least_sharpness: Blurred are photos below it.
        least_brightness: Dark are photos below it.
        most_novelty: Unlike the training photos are those above it.
    """

    least_sharpness: float = -np.inf
    least_brightness: float = -np.inf
    most_novelty: float = np.inf

    @classmethod
    def of(cls, config: PhotoQualityConfig, reference: PhotoReference | None) -> Self:
        """Take thresholds from the validation photos: each share of them would be beyond."""
        if reference is None:
            return cls()
        return cls(
            _lowest(reference.val_sharpness, config.blurred),
            _lowest(reference.val_brightness, config.dark),
            -_lowest(-reference.val_novelty, config.unlike),
        )


def _lowest(values: NDArray[np.float32], share: float) -> float:
    return float(np.quantile(values, share)) if share > 0 and len(values) else -np.inf


@dataclass(frozen=True)
class PhotoFault:
    """One reason to take photos again.

    Args:
        name: In a word.
        rows: Bins whose photo has it.
        reasons: For each of them.
    """

    name: str
    rows: list[int]
    reasons: list[str]


def find_photo_faults(bins: pa.Table, novelty: Floats, thresholds: Thresholds) -> Iterator[PhotoFault]:
    """Yield every kind of fault.

    Args:
        bins: A table of `BINS_SCHEMA`.
        novelty: Of each photo, shape (N,); NaN where it is not known.
        thresholds: From where on a photo is unusual.
    """
    is_damaged = pc.and_(bins["has_photo"], pc.is_valid(bins["photo_reason"]))
    rows = np.flatnonzero(is_damaged).tolist()
    yield PhotoFault("damaged", rows, [bins["photo_reason"][row].as_py() for row in rows])
    yield _find_shared(bins)
    sharpness, brightness = (_read(bins[name]) for name in ("sharpness", "brightness"))
    least = thresholds.least_sharpness
    words = f"the photo is blurred (sharpness {{:.3g}}; usual is {least:.3g} or more)"
    yield _describe("blurred", sharpness, sharpness < least, words)
    least = thresholds.least_brightness
    words = f"the photo is dark (brightness {{:.3g}}; usual is {least:.3g} or more)"
    yield _describe("dark", brightness, brightness < least, words)
    most = thresholds.most_novelty
    words = f"the photo is unlike those of training (distance {{:.3g}}; usual is {most:.3g} or less)"
    yield _describe("unlike", novelty, novelty > most, words)


def _read(column: pa.ChunkedArray) -> Floats:
    return np.asarray(pc.fill_null(column, np.nan).to_numpy(), np.float64)


def _describe(name: str, values: Floats, is_fault: Booleans, words: str) -> PhotoFault:
    rows = np.flatnonzero(is_fault).tolist()
    return PhotoFault(name, rows, [words.format(values[row]) for row in rows])


def _find_shared(bins: pa.Table) -> PhotoFault:
    """Find photos that lie, byte for byte, under several ids: of which bin they are nobody can tell."""
    codes = pc.fill_null(pc.dictionary_encode(bins["sha256"].combine_chunks()).indices, -1).to_numpy()
    order = np.argsort(codes, kind="stable")
    is_same = (np.diff(codes[order]) == 0) & (codes[order][1:] >= 0)
    others: dict[int, int] = {}
    for one, other in zip(order[:-1][is_same].tolist(), order[1:][is_same].tolist(), strict=True):
        others.setdefault(one, other)
        others[other] = one
    rows = sorted(others)
    words = "the photo lies, byte for byte, under bin {} too"
    return PhotoFault("shared", rows, [words.format(bins["bin_id"][others[row]]) for row in rows])
