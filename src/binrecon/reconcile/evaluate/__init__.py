"""Evaluation of reconciling: records are made wrong on purpose, and rankings are scored."""
