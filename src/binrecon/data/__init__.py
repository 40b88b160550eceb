"""Rows of a manifest to batches, of photos or of their features."""

from binrecon.data.batch import BinBatch, FeatureBatch, Views
from binrecon.data.dataset import BatchDataset, BinDataset

__all__ = ["BatchDataset", "BinBatch", "BinDataset", "FeatureBatch", "Views"]
