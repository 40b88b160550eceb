"""Numbers and photos to tables and plots. Import it late: it loads matplotlib."""

from binrecon.report.photo_sheet import draw_photo_sheet
from binrecon.report.plots import plot_confusion, plot_learning_curves, plot_reliability
from binrecon.report.tables import metrics_table, per_count_table

__all__ = [
    "draw_photo_sheet",
    "metrics_table",
    "per_count_table",
    "plot_confusion",
    "plot_learning_curves",
    "plot_reliability",
]
