"""Loggers of a run besides its folder."""
