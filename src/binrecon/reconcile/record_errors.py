"""What a record says about the true count, before anybody looks at the photo: P(true | recorded).

A record is right with probability 1 - rate; else one of four things has happened, whose weights are assumed
(`config/record_errors.py`). Class `i` of C stands for the count `min_count + i`. A kind of error that would
lead out of the range of counts cannot have happened, and its weight goes to what can: at the ends of the
range the other kinds are likelier, the rate is the same. A record that no kind can have made is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

import numpy as np

from binrecon.calibration.arrays import Floats, Ints
from binrecon.config.record_errors import RecordErrorsConfig


@dataclass(frozen=True)
class RecordErrors:
    """How many records are wrong, and how.

    Attributes:
        rate: Share of records whose count is not that of the bin, at least 0 and below 1.
        off_by_one: Weight of one item more or less.
        off_by_two: Weight of two items more or less.
        missing_sku: Weight of one of the recorded SKUs not being there.
        swap: Weight of the record being another bin's, with another count.
    """

    rate: float
    off_by_one: float
    off_by_two: float
    missing_sku: float
    swap: float

    @classmethod
    def of(cls, config: RecordErrorsConfig) -> Self:
        """Take the assumptions from a configuration, checked by `check_record_errors`."""
        return cls(config.rate, config.off_by_one, config.off_by_two, config.missing_sku, config.swap)

    def transition(self, count_shares: Floats) -> Floats:
        """Return P(true | recorded) for records of which the count alone is known.

        A missing SKU then leaves any smaller count with the same probability.

        Args:
            count_shares: Share of each count among the records, shape (C,).

        Returns:
            A row for each recorded class, a column for each true one, shape (C, C); rows sum to 1.
        """
        class_count = len(count_shares)
        below = np.tril(np.ones((class_count, class_count)), -1)
        return self._mix(np.arange(class_count), np.asarray(count_shares, np.float64), below)

    def bin_transitions(
        self,
        recorded_class: Ints,
        count_shares: Floats,
        item_quantities: Sequence[Sequence[int]],
    ) -> Floats:
        """Return P(true | recorded) for records of which the items are known.

        A missing SKU then takes its quantity away, each of them as likely as the others. Where the items of a
        record are not known, it is as in `transition`.

        Args:
            recorded_class: Of N bins, shape (N,).
            count_shares: Share of each count among the records, shape (C,).
            item_quantities: Quantity of each SKU of each record, N sequences; an empty one if not known.

        Returns:
            A row for each bin, shape (N, C); rows sum to 1.
        """
        recorded = np.asarray(recorded_class, np.int64)
        class_count = len(count_shares)
        lengths = np.fromiter(map(len, item_quantities), np.int64, len(recorded))
        quantities = np.fromiter(chain.from_iterable(item_quantities), np.int64, int(lengths.sum()))
        bins = np.repeat(np.arange(len(recorded)), lengths)
        left = recorded[bins] - quantities
        is_possible = (quantities > 0) & (left >= 0)
        missing = np.zeros((len(recorded), class_count))
        np.add.at(missing, (bins[is_possible], left[is_possible]), 1.0)
        below = np.tril(np.ones((class_count, class_count)), -1)[recorded]
        missing = np.where(lengths[:, None] > 0, missing, below)
        return self._mix(recorded, np.asarray(count_shares, np.float64), missing)

    def _mix(self, recorded: Ints, count_shares: Floats, missing: Floats) -> Floats:
        """Weigh the kinds of errors of N records.

        Args:
            recorded: Recorded classes, shape (N,).
            count_shares: Shape (C,).
            missing: How likely each count is after a SKU is gone, not normalised, shape (N, C).
        """
        distance = np.abs(np.arange(len(count_shares)) - recorded[:, None])
        weighed = (
            (self.off_by_one, (distance == 1).astype(np.float64)),
            (self.off_by_two, (distance == 2).astype(np.float64)),
            (self.missing_sku, missing),
            (self.swap, np.where(distance == 0, 0.0, count_shares)),
        )
        mixed = np.zeros_like(missing)
        for weight, shares in weighed:
            mixed += weight * _normalise(shares)
        wrong = self.rate * _normalise(mixed)
        return np.where(distance == 0, 1 - wrong.sum(axis=1, keepdims=True), wrong)


def _normalise(rows: Floats) -> Floats:
    """Make rows sum to 1, except those that are all 0."""
    sums = rows.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(rows, sums, out=np.zeros_like(rows), where=sums > 0))
