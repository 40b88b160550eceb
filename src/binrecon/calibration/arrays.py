"""The arrays of this room, and what they have to be."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Booleans = NDArray[np.bool_]

LEAST_LOG = float(np.log(1e-38))
"""Smaller log-probabilities count as this one: that of `training.results`; a float32 says 0 just below."""


def check_log_probabilities(log_probabilities: Floats, class_count: int) -> Floats:
    """Return log-probabilities as float64, none below `LEAST_LOG`.

    Args:
        log_probabilities: Shape (N, C), unnormalised ones too; minus infinity is a probability of 0.
        class_count: C.

    Raises:
        ValueError: If the shape is another, or a value is NaN or plus infinity.
    """
    values = np.asarray(log_probabilities, np.float64)
    if values.ndim != 2 or values.shape[1] != class_count:
        raise ValueError(f"log_probabilities: must have shape (N, {class_count}), got {values.shape}")
    if (bad := int((np.isnan(values) | (values == np.inf)).any(axis=1).sum())) > 0:
        raise ValueError(f"log_probabilities: NaN or infinite for {bad} of {len(values)} bins")
    return np.maximum(values, LEAST_LOG)


def check_classes(recorded_class: Ints, shape: tuple[int, ...], name: str = "recorded_class") -> Ints:
    """Return classes as int64.

    Args:
        recorded_class: Of N bins, shape (N,).
        shape: Of the probabilities, (N, C).
        name: Of the argument, for the error.

    Raises:
        ValueError: If the length is another, or a class is none of 0 to C - 1.
    """
    values = np.asarray(recorded_class)
    if values.shape != shape[:1] or values.dtype.kind not in "iu":
        raise ValueError(
            f"{name}: must be integers of shape ({shape[0]},), got {values.dtype} {values.shape}"
        )
    if len(values) and (values.min() < 0 or values.max() >= shape[1]):
        outside = sorted(set(values[(values < 0) | (values >= shape[1])].tolist()))
        raise ValueError(f"{name}: must be within 0..{shape[1] - 1}, got {outside[:5]}; leave such bins out")
    return values.astype(np.int64)
