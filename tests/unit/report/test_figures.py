from matplotlib.figure import Figure

from binrecon.report.figures import add_legend_above


def test_add_legend_above__its_panel_and_within_the_figure() -> None:
    figure = Figure(figsize=(4, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [1, 0], label="a line")
    add_legend_above(axes, "test, 2 bins")
    figure.draw_without_rendering()
    legend = axes.get_legend()
    assert legend is not None
    assert legend.get_title().get_text() == "test, 2 bins"
    assert [text.get_text() for text in legend.get_texts()] == ["a line"]
    extent = legend.get_window_extent()
    assert axes.get_window_extent().y1 <= extent.y0 < extent.y1 <= figure.bbox.y1
