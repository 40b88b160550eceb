"""A run folder to counts of photos: in Python, or as one file for other programs. No Lightning here."""

from binrecon.inference.counter import Counter
from binrecon.inference.photos import Photo

__all__ = ["Counter", "Photo"]
