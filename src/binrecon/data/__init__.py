"""Rows of a manifest to batches of photos."""

from binrecon.data.batch import BinBatch, View
from binrecon.data.dataset import BinDataset

__all__ = ["BinBatch", "BinDataset", "View"]
