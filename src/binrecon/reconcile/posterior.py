"""The photo and the record together: P(true count | photo, recorded count), by Bayes.

The record is what one knows before one looks: P(true | recorded). The photo adds its likelihood. Both are
taken to go wrong independently of each other: what is in the photo does not depend on what was recorded, only
on what is there. Class `i` of C stands for the count `min_count + i`.
"""

import numpy as np
from scipy.special import softmax  # type: ignore[import-untyped]  # scipy publishes no type information

from binrecon.calibration.arrays import Floats, Ints, check_classes


def posterior(log_likelihood: Floats, recorded_class: Ints, transition: Floats) -> Floats:
    """Return how likely each count is, given photo and record.

    Args:
        log_likelihood: log P(photo | count) up to a constant of each bin, as `Calibration.log_likelihood`
            returns it, shape (N, C).
        recorded_class: Shape (N,).
        transition: P(true | recorded), as `RecordErrors.transition` returns it, shape (C, C).

    Returns:
        Shape (N, C); rows sum to 1.

    Raises:
        ValueError: If shapes do not fit, or a bin is recorded with a count that the counter was not trained
            on: it cannot be judged.
    """
    class_count = log_likelihood.shape[1]
    if transition.shape != (class_count, class_count):
        raise ValueError(
            f"transition: must have shape ({class_count}, {class_count}), got {transition.shape}; "
            "for a row of each bin call posterior_of_bins"
        )
    recorded = check_classes(recorded_class, log_likelihood.shape)
    return posterior_of_bins(log_likelihood, recorded, transition[recorded])


def posterior_of_bins(log_likelihood: Floats, recorded_class: Ints, transitions: Floats) -> Floats:
    """Return how likely each count is, given photo and record, where each bin has a prior of its own.

    Args:
        log_likelihood: As for `posterior`, shape (N, C).
        recorded_class: Shape (N,).
        transitions: P(true | record) of each bin, as `RecordErrors.bin_transitions` returns it, shape (N, C).

    Returns:
        Shape (N, C); rows sum to 1.

    Raises:
        ValueError: As for `posterior`.
    """
    if transitions.shape != log_likelihood.shape:
        raise ValueError(f"transitions: must have shape {log_likelihood.shape}, got {transitions.shape}")
    recorded = check_classes(recorded_class, log_likelihood.shape)
    of_recorded = log_likelihood[np.arange(len(recorded)), recorded]
    if (unknown := int((~np.isfinite(of_recorded)).sum())) > 0:
        raise ValueError(
            f"recorded_class: {unknown} of {len(recorded)} bins are recorded with a count that the counter "
            "was not trained on; leave such bins out (Calibration.is_trained)"
        )
    log_prior = np.log(transitions, out=np.full_like(transitions, -np.inf), where=transitions > 0)
    return np.asarray(softmax(log_likelihood + log_prior, axis=1))


def p_match(posteriors: Floats, recorded_class: Ints) -> Floats:
    """Return the probability that the record is right.

    Args:
        posteriors: Shape (N, C).
        recorded_class: Shape (N,).

    Returns:
        Shape (N,).
    """
    return posteriors[np.arange(len(recorded_class)), recorded_class]


def variance_probability(posteriors: Floats, recorded_class: Ints) -> Floats:
    """Return the probability that the record is wrong, summed up from the other counts.

    So it keeps its digits where 1 - p_match would round them off: bins are ranked by it.

    Args:
        posteriors: Shape (N, C).
        recorded_class: Shape (N,).

    Returns:
        Shape (N,).
    """
    others = posteriors.copy()
    others[np.arange(len(recorded_class)), recorded_class] = 0
    return np.asarray(others.sum(axis=1))


def expected_variance(posteriors: Floats, recorded_class: Ints) -> Floats:
    """Return the mean of |true - recorded|, in items.

    Args:
        posteriors: Shape (N, C).
        recorded_class: Shape (N,).

    Returns:
        Shape (N,).
    """
    distance = np.abs(np.arange(posteriors.shape[1]) - np.asarray(recorded_class)[:, None])
    return np.asarray((posteriors * distance).sum(axis=1))
