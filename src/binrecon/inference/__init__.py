"""Counts of photos from a run folder: in Python, or as one file for other programs, without Lightning."""

from binrecon.inference.counter import Counter
from binrecon.inference.photos import Photo

__all__ = ["Counter", "Photo"]
