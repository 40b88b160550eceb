"""Bins that are drawn, not photographed: the same look and layout as the dataset's, with known counts."""

from binrecon.sources.synthetic.source import SyntheticSource

__all__ = ["SyntheticSource"]
