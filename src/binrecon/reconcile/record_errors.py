"""Prior of the true count given the record, before the photo is seen: P(true | recorded).

It follows by Bayes from how records go wrong. A share of the bins, whatever they hold, has a wrong record, of
which one of four things is true, with assumed weights (`config/record_errors.py`). So a record of a rare
count is less to be trusted than one of a common count: there are more bins that it may be mistaken for. No
row takes the rate as it is; of all records, as many are wrong as it says.

Class `i` of C stands for the count `min_count + i`. A kind of error that would lead out of the range of
counts cannot happen, and its weight goes to those that can: at the ends of the range the others are likelier.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

import numpy as np

from binrecon.calibration.arrays import Floats, Ints
from binrecon.config.record_errors import RecordErrorsConfig

LEAST_SHARE = 0.01
"""A count that fewer records have is taken for that common: few records do not prove that it is nowhere."""


@dataclass(frozen=True)
class RecordErrors:
    """Rate and kinds of wrong records.

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

        A record that lists a SKU too many then says any larger count with the same probability.

        Args:
            count_shares: Share of each count among the records, shape (C,).

        Returns:
            A row for each recorded class, a column for each true one, shape (C, C); rows sum to 1.
        """
        rest, missing = self._join(count_shares)
        return _normalise(rest + missing)

    def bin_transitions(
        self,
        recorded_class: Ints,
        count_shares: Floats,
        item_quantities: Sequence[Sequence[int]],
    ) -> Floats:
        """Return P(true | recorded) for records of which the items are known.

        Each of the SKUs is then as likely to be the one that is missing, and takes its quantity away. Where a
        record has no items, or their quantities lead out of the range, it is as in `transition`.

        Args:
            recorded_class: Of N bins, shape (N,).
            count_shares: Share of each count among the records, shape (C,).
            item_quantities: Quantity of each SKU of each record, N sequences.

        Returns:
            A row for each bin, shape (N, C); rows sum to 1.
        """
        recorded = np.asarray(recorded_class, np.int64)
        rest, missing = (part[recorded] for part in self._join(count_shares))
        lengths = np.fromiter(map(len, item_quantities), np.int64, len(recorded))
        quantities = np.fromiter(chain.from_iterable(item_quantities), np.int64, int(lengths.sum()))
        bins = np.repeat(np.arange(len(recorded)), lengths)
        left = recorded[bins] - quantities
        is_possible = (quantities > 0) & (left >= 0)
        of_items = np.zeros_like(missing)
        np.add.at(of_items, (bins[is_possible], left[is_possible]), 1.0)
        as_itemised = _normalise(of_items) * missing.sum(axis=1, keepdims=True)
        return _normalise(rest + np.where(of_items.any(axis=1, keepdims=True), as_itemised, missing))

    def _join(self, count_shares: Floats) -> tuple[Floats, Floats]:
        """Return P(recorded, true) up to a constant, rows for recorded, columns for true classes.

        Returns:
            All but the part of missing SKUs, and that part, two of shape (C, C).
        """
        shares = np.maximum(np.asarray(count_shares, np.float64), LEAST_SHARE)
        step = np.abs(
            np.arange(len(shares)) - np.arange(len(shares))[:, None]
        )  # rows: true, columns: recorded
        kinds = np.stack(
            [step == 1, step == 2, np.triu(np.ones(step.shape), 1), np.where(step == 0, 0.0, shares)]
        )
        weights = np.array([self.off_by_one, self.off_by_two, self.missing_sku, self.swap])
        weighed = weights[:, None, None] * _normalise(kinds.astype(np.float64))
        total = weighed.sum(axis=(0, 2))[:, None]
        wrong = self.rate * np.divide(weighed, total, out=np.zeros_like(weighed), where=total > 0)
        right = np.eye(len(shares)) * (1 - wrong.sum(axis=(0, 2)))
        others, missing = wrong[[0, 1, 3]].sum(axis=0), wrong[2]
        return (shares[:, None] * (right + others)).T, (shares[:, None] * missing).T


def _normalise(rows: Floats) -> Floats:
    """Make rows sum to 1, except those that are all 0."""
    sums = rows.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(rows, sums, out=np.zeros_like(rows), where=sums > 0))
