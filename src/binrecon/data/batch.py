"""What passes from the data to the model."""

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
    """

    rows: Tensor
    views: Tensor
    looks: int = 1
    image_size: int | None = None


class BinBatch(NamedTuple):
    """B bins.

    Attributes:
        photos: V looks at each, RGB, uint8 in 0..255, shape (B V, 3, H, W).
        recorded_counts: What the records claim, limited to the range of classes, int64, shape (B,).
        bin_ids: Keys of the bins, B of them.
    """

    photos: Tensor
    recorded_counts: Tensor
    bin_ids: tuple[str, ...]


class FeatureBatch(NamedTuple):
    """B bins of which only the features are at hand.

    Attributes:
        features: Of a frozen backbone, V looks at each, in the type that they are kept in, shape (B V, F).
        recorded_counts: What the records claim, limited to the range of classes, int64, shape (B,).
        bin_ids: Keys of the bins, B of them.
    """

    features: Tensor
    recorded_counts: Tensor
    bin_ids: tuple[str, ...]
