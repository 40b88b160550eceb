"""What passes from the data to the model."""

from typing import NamedTuple

from torch import Tensor


class Views(NamedTuple):
    """B looks at bins.

    Attributes:
        rows: Which bins, by their places among the bins of a split, int64, shape (B,).
        views: How each photo is turned: 0 is as it is, 1 is mirrored, int64, shape (B,).
    """

    rows: Tensor
    views: Tensor


class BinBatch(NamedTuple):
    """B bins.

    Attributes:
        photos: RGB, uint8 in 0..255, shape (B, 3, H, W).
        recorded_counts: What the records claim, limited to the range of classes, int64, shape (B,).
        bin_ids: Keys of the bins, B of them.
    """

    photos: Tensor
    recorded_counts: Tensor
    bin_ids: tuple[str, ...]


class FeatureBatch(NamedTuple):
    """B bins of which only the features are at hand.

    Attributes:
        features: Of a frozen backbone, in the type that they are kept in, shape (B, F).
        recorded_counts: What the records claim, limited to the range of classes, int64, shape (B,).
        bin_ids: Keys of the bins, B of them.
    """

    features: Tensor
    recorded_counts: Tensor
    bin_ids: tuple[str, ...]
