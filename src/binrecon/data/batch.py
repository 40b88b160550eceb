"""Batches that pass from the data to the model."""

from typing import NamedTuple

from torch import Tensor


class Views(NamedTuple):
    """V looks at each of B bins, those at one bin behind each other.

    Attributes:
        rows: Which bins, by their places among the bins of a split, int64, shape (B V,).
        views: How each photo is looked at: 0 is as it is, 1 is mirrored, any other number another way,
            which it chooses, int64, shape (B V,).
        looks: V.
        image_size: Side of the photos, in pixels; None for the usual one.
        weight: What the mean loss of these bins counts for, beside 1, where processes or parts of a batch
            share it unevenly: then all together still are the mean over the batch. 0 for a bin that only
            keeps a process company which has none left. Of several batches, it is that of the last.
    """

    rows: Tensor
    views: Tensor
    looks: int = 1
    image_size: int | None = None
    weight: float = 1.0


class BinBatch(NamedTuple):
    """B bins.

    Attributes:
        photos: V looks at each, RGB, uint8 in 0..255, shape (B V, 3, H, W).
        recorded_counts: What the records claim, limited to the range of classes, int64, shape (B,).
        bin_ids: Keys of the bins, B of them.
        weight: As of `Views`.
    """

    photos: Tensor
    recorded_counts: Tensor
    bin_ids: tuple[str, ...]
    weight: float = 1.0


class FeatureBatch(NamedTuple):
    """B bins of which only the features are at hand.

    Attributes:
        features: Of a frozen backbone, V looks at each, in the type that they are kept in, shape (B V, F).
        recorded_counts: What the records claim, limited to the range of classes, int64, shape (B,).
        bin_ids: Keys of the bins, B of them.
        weight: As of `Views`.
    """

    features: Tensor
    recorded_counts: Tensor
    bin_ids: tuple[str, ...]
    weight: float = 1.0
