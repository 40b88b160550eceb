"""Bins that are drawn, not photographed: the same look and layout as the dataset's, with known counts."""
