"""Ranks of wrong records in a ranking of all bins, without sorting the bins again for each draw.

A ranker gives a bin a suspicion that depends on nothing but its photo and the count its record says. So the
suspicions of N bins for all C counts are worked out once, and a draw, which changes k records of N, moves k
bins alone: their places follow from one sorted list of all bins and a comparison among the k.
"""

from typing import NamedTuple

import numpy as np

from binrecon.calibration.arrays import Booleans, Floats, Ints
from binrecon.reconcile.evaluate.inject import Changes


class Places(NamedTuple):
    """The ranks of k wrong records in D draws; the most suspicious bin comes first.

    Attributes:
        above: Bins that are more suspicious, shape (D, k).
        level: Bins that are as suspicious, itself included, shape (D, k).
        wrong_above: How many of those above have a wrong record, shape (D, k).
        wrong_level: How many of those level with it have one, itself included, shape (D, k).
        counts: Whether it is among the bins that are ranked here, shape (D, k).
        size: How many bins are ranked, shape (D,).
    """

    above: Ints
    level: Ints
    wrong_above: Ints
    wrong_level: Ints
    counts: Booleans
    size: Ints

    @property
    def wrong(self) -> Ints:
        """Return the number of ranked bins with a wrong record, shape (D,)."""
        return np.asarray(self.counts.sum(axis=1))


def to_levels(suspicion: Floats) -> Ints:
    """Replace suspicions by whole numbers in the same order, equal where they are equal, shape (N, C)."""
    inverse: Ints = np.unique(suspicion, return_inverse=True)[1]
    return inverse.reshape(suspicion.shape).astype(np.int64)


def place_once(suspicion: Floats, is_wrong: Booleans) -> Places:
    """Find where the wrong ones of N bins stand, as a single draw; both of shape (N,)."""
    levels, wrong = to_levels(suspicion), np.flatnonzero(is_wrong)[None]
    return _find(np.sort(levels), levels[wrong], levels[wrong])


def find_places(levels: Ints, recorded: Ints, changes: Changes, sample: Ints) -> Places:
    """Find where the changed records stand among all bins of a sample.

    Args:
        levels: Suspicion of each of N bins for each count that its record may say, shape (N, C).
        recorded: Class that each record says before any change, shape (N,).
        changes: Of the sample's records.
        sample: Places of the sampled bins, shape (S,).
    """
    kept = np.sort(levels[sample, recorded[sample]])
    former = levels[changes.bins, recorded[changes.bins]]
    return _find(kept, former, levels[changes.bins, changes.classes])


def find_places_by_count(levels: Ints, recorded: Ints, changes: Changes, sample: Ints) -> list[Places]:
    """Find where they stand among the bins with the same count in their record, for each of C counts."""
    class_count = levels.shape[1]
    stride = int(levels.max()) + 1  # a class of its own range of levels each: classes never mix
    own = recorded[changes.bins]
    kept = np.sort(recorded[sample] * stride + levels[sample, recorded[sample]])
    former = own * stride + levels[changes.bins, own]
    places = _find(kept, former, changes.classes * stride + levels[changes.bins, changes.classes])
    sizes = np.bincount(recorded[sample], minlength=class_count) + sum(
        sign * (classes[..., None] == np.arange(class_count)).sum(axis=1)
        for sign, classes in ((-1, own), (1, changes.classes))
    )
    later = (
        sizes[:, ::-1].cumsum(axis=1)[:, ::-1] - sizes
    )  # bins of higher classes stand above all of a class
    wrong = (changes.classes[..., None] == np.arange(class_count)).sum(axis=1)
    later_wrong = wrong[:, ::-1].cumsum(axis=1)[:, ::-1] - wrong
    rows = np.arange(len(own))[:, None]
    within = places._replace(
        above=places.above - later[rows, changes.classes],
        wrong_above=places.wrong_above - later_wrong[rows, changes.classes],
    )
    return [
        within._replace(counts=changes.classes == place, size=sizes[:, place]) for place in range(class_count)
    ]


def _find(kept: Ints, former: Ints, new: Ints) -> Places:
    """Find the places of `new` levels, shape (D, k), where a draw lacks its `former` ones of the `kept`."""
    below, up_to = (np.searchsorted(kept, new, side) for side in ("left", "right"))
    former_above, former_level = _compare_within(former, new)
    wrong_above, wrong_level = _compare_within(new, new)
    return Places(
        above=len(kept) - up_to - former_above + wrong_above,
        level=up_to - below - former_level + wrong_level,
        wrong_above=wrong_above,
        wrong_level=wrong_level,
        counts=np.ones(new.shape, bool),
        size=np.full(len(new), len(kept)),
    )


def _compare_within(values: Ints, new: Ints) -> tuple[Ints, Ints]:
    """Count, in each row of `values`, those above and those equal to each of `new`, both of shape (D, k)."""
    stride = int(max(values.max(initial=0), new.max(initial=0))) + 1
    offsets = stride * np.arange(len(values))[:, None]
    ordered = np.sort(values + offsets, axis=1).ravel()
    starts = values.shape[1] * np.arange(len(values))[:, None]
    below, up_to = (np.searchsorted(ordered, new + offsets, side) - starts for side in ("left", "right"))
    return values.shape[1] - up_to, up_to - below
