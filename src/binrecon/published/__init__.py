"""What others published about the dataset: lists of bins, the splits made of them, and their class counts."""

from binrecon.published.splits import PublishedSplit

__all__ = ["PublishedSplit"]
