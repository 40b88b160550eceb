"""The three splits of the bins, and the ways to split them."""

from typing import Literal

Split = Literal["train", "val", "test"]

SPLITS: tuple[Split, ...] = ("train", "val", "test")

GROUPED = "grouped"
"""By a hash of each group of photos of one bin: the default, leak-free."""

PUBLISHED_SPLITS = ("unc", "stanford_all", "stanford_150k", "udacity")
"""As others split the dataset, or the pool of bins that they used, from the lists that they published."""

SPLIT_WORDS = (GROUPED, *PUBLISHED_SPLITS)
"""Values of `data.split`."""
