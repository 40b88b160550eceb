"""Plots of a study."""

from binrecon.sweep.plots.study_plots import plot_study

__all__ = ["plot_study"]
