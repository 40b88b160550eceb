from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from rich.console import Console

from binrecon.report.calibration import (
    CALIBRATION_MEANINGS,
    Calibrated,
    calibration_table,
    plot_calibration,
)

BEFORE, AFTER = (138, 143, 152), (31, 95, 168)


def build_part(name: str, bins: int = 200) -> Calibrated:
    generator = np.random.default_rng(0)
    before, after = generator.dirichlet(np.full(4, 0.3), bins), generator.dirichlet(np.ones(4), bins)
    return Calibrated(name, before, after, generator.integers(4, size=bins))


def read_pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


@pytest.mark.parametrize("names", [["val, 200 bins"], ["val, 200 bins", "test, 200 bins"]])
def test_plot_calibration__before_and_after_of_each_set(names: list[str], tmp_path: Path) -> None:
    plot_calibration([build_part(name) for name in names], "calibration: vector", tmp_path / "a.png")

    pixels = read_pixels(tmp_path / "a.png")
    for panel in np.array_split(pixels, len(names), axis=1):
        for colour in (BEFORE, AFTER):
            assert (np.abs(panel - colour).max(axis=2) <= 8).sum() > 200
    assert list(tmp_path.iterdir()) == [tmp_path / "a.png"]


def test_plot_calibration__no_legend_lies_over_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    plot_calibration([build_part("val, 200 bins"), build_part("test, 200 bins")], "title", tmp_path / "a.png")
    (figure,) = figures
    figure.draw_without_rendering()
    legends = [(axes, legend) for axes in figure.axes if (legend := axes.get_legend()) is not None]
    assert [legend.get_title().get_text() for _, legend in legends] == ["val, 200 bins", "test, 200 bins"]
    for axes, legend in legends:
        assert legend.get_window_extent().y0 >= axes.get_window_extent().y1
        assert legend.get_window_extent().y1 <= figure.bbox.y1


def test_calibration_table__a_row_for_each_score_and_a_dash_for_none() -> None:
    scores = dict.fromkeys(CALIBRATION_MEANINGS, 0.12345)
    table = calibration_table({"val before": scores, "val after": scores | {"ece": float("nan")}}, "title")
    console = Console(width=80)
    with console.capture() as shown:
        console.print(table)
    text = shown.get()
    assert [line.split()[0] for line in text.splitlines()[4:] if line.strip()] == list(CALIBRATION_MEANINGS)
    assert text.count("0.123") == 9
    assert text.count("–") == 1
