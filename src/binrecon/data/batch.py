"""What passes from the data to the model."""

from typing import NamedTuple

from torch import Tensor


class View(NamedTuple):
    """One look at one bin: its row among the bins of a split, and how the photo is turned."""

    row: int
    view: int
    """0 is the photo as it is, 1 is mirrored."""


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
        features: Of a frozen backbone, float32, shape (B, F).
        recorded_counts: What the records claim, limited to the range of classes, int64, shape (B,).
        bin_ids: Keys of the bins, B of them.
    """

    features: Tensor
    recorded_counts: Tensor
    bin_ids: tuple[str, ...]
