"""Bins with what a counter says of them, whose records are taken as true."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from binrecon.calibration.arrays import Booleans, Floats, Ints


@dataclass(frozen=True)
class JudgedBins:
    """N bins that the counter was not trained on; class i of C stands for the count `min_count + i`.

    Attributes:
        log_probabilities: Of the counts, as the counter gives them, shape (N, C).
        calibrated: The same, calibrated, shape (N, C).
        log_likelihood: log P(photo | count) up to a constant of each bin, minus infinity for a count that the
            counter was not trained on, shape (N, C).
        recorded: Class of each recorded count, shape (N,).
        min_count: The count of class 0.
        item_quantities: How many items each SKU of each record has, N lists; None if nobody knows.

    Raises:
        ValueError: If shapes do not fit, there is no bin, or a recorded count is none that the counter knows.
    """

    log_probabilities: Floats
    calibrated: Floats
    log_likelihood: Floats
    recorded: Ints
    min_count: int
    item_quantities: Sequence[Sequence[int]] | None = None

    def __post_init__(self) -> None:
        shape = (len(self.recorded), self.class_count)
        for name in ("log_probabilities", "calibrated", "log_likelihood"):
            values = getattr(self, name)
            if values.shape != shape or np.isnan(values).any():
                raise ValueError(f"{name}: must be numbers of shape {shape}, got shape {values.shape}")
        if not len(self.recorded):
            raise ValueError("recorded: there is no bin")
        if self.recorded.min() < 0 or self.recorded.max() >= self.class_count:
            raise ValueError(
                f"recorded: must be classes 0 to {self.class_count - 1}, "
                f"got {self.recorded.min()} to {self.recorded.max()}"
            )
        if not self.is_known[self.recorded].all():
            raise ValueError("recorded: some bins have a count that the counter was not trained on")
        if self.item_quantities is not None and len(self.item_quantities) != len(self.recorded):
            raise ValueError(
                f"item_quantities: must be of {len(self.recorded)} bins, got {len(self.item_quantities)}"
            )

    def __len__(self) -> int:
        return len(self.recorded)

    @property
    def class_count(self) -> int:
        """C, how many counts the counter knows."""
        return int(self.log_probabilities.shape[1])

    @property
    def is_known(self) -> Booleans:
        """Return whether the counter was trained on each count, shape (C,)."""
        return np.asarray(np.isfinite(self.log_likelihood).all(axis=0))

    @property
    def count_shares(self) -> Floats:
        """Share of each count among the records, shape (C,)."""
        return np.bincount(self.recorded, minlength=self.class_count) / len(self)

    @property
    def predicted(self) -> Ints:
        """The class that the counter finds likeliest, shape (N,)."""
        return np.asarray(np.argmax(self.log_probabilities, axis=1))
