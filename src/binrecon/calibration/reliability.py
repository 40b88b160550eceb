"""Calibration errors beyond `metrics.functional.ece` and the NLL: adaptive and classwise ECE, Brier score.

`ece` has bands of equal width, of which most of a weak counter's are empty, and looks at the largest
probability alone.
"""

from typing import NamedTuple

import numpy as np

from binrecon.calibration.arrays import Booleans, Floats, Ints, check_classes

BAND_COUNT = 15
"""Bands of bins: M of Guo et al. 2017, arXiv:1706.04599, section 5."""


class Bands(NamedTuple):
    """Statements in ascending order of their probability, cut into bands of equally many.

    Attributes:
        size: Number of statements in each band, shape (M,).
        probability: Their mean probability, shape (M,).
        share: Share of them that are true, shape (M,).
    """

    size: Ints
    probability: Floats
    share: Floats


def cut_bands(probability: Floats, is_true: Booleans, band_count: int = BAND_COUNT) -> Bands:
    """Cut statements into bands of equally many by their probability.

    Args:
        probability: Of N statements, shape (N,).
        is_true: Whether each is, shape (N,).
        band_count: How many bands; of fewer statements than that, each is a band.
    """
    order = np.argsort(probability, kind="stable")
    bands = np.array_split(order, min(band_count, len(order))) if len(order) else []
    return Bands(
        size=np.array([len(band) for band in bands], np.int64),
        probability=np.array([probability[band].mean() for band in bands], np.float64),
        share=np.array([is_true[band].mean() for band in bands], np.float64),
    )


def adaptive_ece(probabilities: Floats, recorded_class: Ints, band_count: int = BAND_COUNT) -> float:
    """Return the expected calibration error over bands of equally many bins; NaN for no bins.

    Nguyen & O'Connor 2015, arXiv:1508.05154, section 3: the mean gap between accuracy and confidence.

    Args:
        probabilities: Shape (N, C).
        recorded_class: Shape (N,).
        band_count: How many bands.
    """
    recorded = check_classes(recorded_class, probabilities.shape)
    if len(recorded) == 0:
        return float("nan")
    is_right = probabilities.argmax(axis=1) == recorded
    bands = cut_bands(probabilities.max(axis=1), is_right, band_count)
    return float(np.average(np.abs(bands.share - bands.probability), weights=bands.size))


def classwise_ece(probabilities: Floats, recorded_class: Ints, band_count: int = BAND_COUNT) -> float:
    """Return the calibration error of each count's probability, averaged over counts; NaN for no bins.

    Kull et al. 2019, arXiv:1910.12656, definition 2: bands of equal width, for each count the mean gap
    between its probability and how often it is recorded.

    Args:
        probabilities: Shape (N, C).
        recorded_class: Shape (N,).
        band_count: How many bands.
    """
    recorded = check_classes(recorded_class, probabilities.shape)
    bin_count, class_count = probabilities.shape
    if bin_count == 0:
        return float("nan")
    band = np.clip(np.ceil(probabilities * band_count).astype(np.int64), 1, band_count) - 1
    is_recorded = np.arange(class_count) == recorded[:, None]
    cell = band + np.arange(class_count) * band_count
    gaps = np.bincount(
        cell.ravel(), weights=(probabilities - is_recorded).ravel(), minlength=class_count * band_count
    )
    return float(np.abs(gaps).sum() / (bin_count * class_count))


def brier(probabilities: Floats, recorded_class: Ints) -> float:
    """Return the mean squared distance of the distribution from what is recorded, summed over the counts.

    Brier 1950; from 0 to 2, NaN for no bins.

    Args:
        probabilities: Shape (N, C).
        recorded_class: Shape (N,).
    """
    recorded = check_classes(recorded_class, probabilities.shape)
    if len(recorded) == 0:
        return float("nan")
    gaps = probabilities - (np.arange(probabilities.shape[1]) == recorded[:, None])
    return float(np.square(gaps).sum(axis=1).mean())
