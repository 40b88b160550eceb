"""Posterior of each bin's count from photo and record, by Bayes, from calibrated likelihoods."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from binrecon.calibration import Calibration, count_sets, name_count_sets
from binrecon.calibration.arrays import Booleans, Floats, Ints
from binrecon.manifest import CountRange
from binrecon.reconcile.posterior import (
    expected_variance,
    p_match,
    posterior_of_bins,
    variance_probability,
)
from binrecon.reconcile.record_errors import RecordErrors

_BINS_AT_A_TIME = 50_000

PRIOR_BINS = 100
"""As many training bins are added to the records when counts are said to be common or rare.

A list of ten bins is no world of those counts alone: of one bin it would say that all hold what this one
is recorded with. Thousands of records outweigh them.
"""


@dataclass(frozen=True)
class Judgement:
    """The assessment of N bins from their photos; NaN, or -1 for a count, where there is none.

    Args:
        probabilities: P(count | photo), calibrated, shape (N, C).
        count_sets: As text; None without a photo.
        posteriors: P(count | photo, record), shape (N, C).
        p_match: Shape (N,).
        variance_probability: Shape (N,).
        expected_variance: In items, shape (N,).
        is_judged: Whether photo and record allow a judgement, shape (N,).
    """

    probabilities: Floats
    count_sets: list[str | None]
    posteriors: Floats
    p_match: Floats
    variance_probability: Floats
    expected_variance: Floats
    is_judged: Booleans


def find_classes(recorded: pa.ChunkedArray, counts: CountRange, calibration: Calibration) -> Ints:
    """Return the class of each recorded count; -1 where the counter has none, or has not been trained on it.

    Args:
        recorded: Recorded counts, null where unknown.
        counts: Of the counter.
        calibration: Of the counter.
    """
    values = np.asarray(pc.fill_null(recorded, -1).to_numpy(), np.int64)
    if counts.above_range == "clip":
        values = np.minimum(values, counts.max_count)
    is_known = (values >= counts.min_count) & (values <= counts.max_count)
    classes = np.where(is_known, values - counts.min_count, -1)
    is_trained = np.append(calibration.is_trained, False)  # the last is that of -1
    return np.where(is_trained[classes], classes, -1)


def judge_bins(
    log_probabilities: Floats,
    classes: Ints,
    items: pa.ChunkedArray,
    calibration: Calibration,
    errors: RecordErrors,
    coverage: float,
) -> Judgement:
    """Judge bins.

    Args:
        log_probabilities: Of the counter, shape (N, C); NaN for bins without a photo.
        classes: Of the recorded counts, shape (N,); -1 where there is none.
        items: The recorded products of each bin; null where none are known.
        calibration: Of the counter.
        errors: What is assumed about wrong records.
        coverage: Of the count sets.
    """
    count, width = log_probabilities.shape
    has_photo: Booleans = np.asarray(~np.isnan(log_probabilities).any(axis=1))
    is_judged = has_photo & (classes >= 0)
    shares = share_counts(classes[is_judged], calibration)
    probabilities, posteriors = np.full((count, width), np.nan), np.full((count, width), np.nan)
    sets: list[str | None] = [None] * count
    for start in range(0, count, _BINS_AT_A_TIME):
        seen = start + np.flatnonzero(has_photo[start : start + _BINS_AT_A_TIME])
        calibrated = calibration.apply(log_probabilities[seen]) if len(seen) else np.empty((0, width))
        probabilities[seen] = np.exp(calibrated)
        found = count_sets(calibrated, calibration, coverage)
        for row, name in zip(seen.tolist(), name_count_sets(found, calibration.min_count), strict=True):
            sets[row] = name
        rows = seen[classes[seen] >= 0]
        if len(rows):
            quantities = list_quantities(items.take(rows), classes[rows] + calibration.min_count)
            prior = errors.bin_transitions(classes[rows], shares, quantities)
            likelihood = calibration.log_likelihood(log_probabilities[rows])
            posteriors[rows] = posterior_of_bins(likelihood, classes[rows], prior)
    return _summarise(probabilities, sets, posteriors, classes, is_judged)


def share_counts(classes: Ints, calibration: Calibration) -> Floats:
    """Return how common each count is, by the records and, where these are few, by the training bins.

    Args:
        classes: Of the recorded counts of the bins that can be judged, shape (N,).
        calibration: Of the counter.

    Returns:
        Shape (C,), sum 1.
    """
    trained = np.array(calibration.train_shares)
    found = np.bincount(classes, minlength=len(trained))
    return np.asarray((found + PRIOR_BINS * trained) / (len(classes) + PRIOR_BINS))


def _summarise(
    probabilities: Floats, sets: list[str | None], posteriors: Floats, classes: Ints, is_judged: Booleans
) -> Judgement:
    known, recorded = posteriors[is_judged], classes[is_judged]
    numbers = {}
    for function in (p_match, variance_probability, expected_variance):
        column = np.full(len(classes), np.nan)
        column[is_judged] = function(known, recorded)
        numbers[function.__name__] = column
    return Judgement(probabilities, sets, posteriors, is_judged=is_judged, **numbers)


def list_quantities(items: pa.ChunkedArray, recorded_counts: Ints) -> Sequence[Sequence[int]]:
    """List the quantity of each product of each bin; none where they do not add up to the recorded count.

    An inventory may have another count than the record beside the photo, whose products then say nothing.
    """
    flat = pc.struct_field(pc.list_flatten(items), "quantity").to_pylist()
    ends = np.cumsum(pc.fill_null(pc.list_value_length(items), 0).to_numpy()).tolist()
    listed = (flat[start:end] for start, end in zip([0, *ends], ends, strict=False))
    return [
        quantities if sum(quantities) == count else []
        for quantities, count in zip(listed, recorded_counts.tolist(), strict=True)
    ]
