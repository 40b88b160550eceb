import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image

from binrecon.metrics.functional import empty_tally, tally_batch
from binrecon.report.plots import plot_confusion, plot_learning_curves, plot_reliability

TRAIN, VAL, BEST, BAND = (138, 143, 152), (31, 95, 168), (194, 87, 26), (109, 155, 209)


def read_pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB")).astype(int)


def count_pixels(pixels: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((np.abs(pixels - colour).max(axis=2) <= 8).sum())


def build_history() -> pd.DataFrame:
    """Build a history as a CSV log holds it: training and validation in rows of their own."""
    epochs = np.arange(20)
    train = pd.DataFrame({"epoch": epochs, "train/loss": 1.7 - 0.04 * epochs})
    val = pd.DataFrame({"epoch": epochs, "val/loss": 1.7 - 0.03 * epochs, "val/rmse": 1.4 - 0.02 * epochs})
    return pd.concat([train, val])


def test_plot_learning_curves(tmp_path: Path) -> None:
    plot_learning_curves(build_history(), tmp_path / "curves.png", best_epoch=12)

    pixels = read_pixels(tmp_path / "curves.png")
    assert pixels.shape[1] > pixels.shape[0] > 300
    for colour in (TRAIN, VAL, BEST):
        assert count_pixels(pixels, colour) > 200
    assert list(tmp_path.iterdir()) == [tmp_path / "curves.png"]


def test_plot_learning_curves__without_a_best_epoch(tmp_path: Path) -> None:
    plot_learning_curves(build_history(), tmp_path / "curves.png")

    assert count_pixels(read_pixels(tmp_path / "curves.png"), BEST) == 0


def test_plot_learning_curves__leaves_out_what_is_not_finite(tmp_path: Path) -> None:
    history = build_history()
    plot_learning_curves(history, tmp_path / "finite.png")
    spoilt = pd.concat([history, pd.DataFrame({"epoch": [20, 21], "val/loss": [math.nan, math.inf]})])
    plot_learning_curves(spoilt, tmp_path / "spoilt.png")

    np.testing.assert_array_equal(read_pixels(tmp_path / "finite.png"), read_pixels(tmp_path / "spoilt.png"))


def test_plot_learning_curves__order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    history = build_history()
    plot_learning_curves(history, tmp_path / "sorted.png")
    plot_learning_curves(history.sample(frac=1, random_state=0), tmp_path / "shuffled.png")

    np.testing.assert_array_equal(
        read_pixels(tmp_path / "sorted.png"), read_pixels(tmp_path / "shuffled.png")
    )


def test_plot_learning_curves__one_epoch_is_seen(tmp_path: Path) -> None:
    plot_learning_curves(pd.DataFrame({"epoch": [3], "val/loss": [1.2]}), tmp_path / "curves.png")

    assert count_pixels(read_pixels(tmp_path / "curves.png"), VAL) > 20


@pytest.mark.parametrize(
    "history",
    [pd.DataFrame({"epoch": [0], "lr": [0.1]}), pd.DataFrame({"epoch": [0], "val/loss": [math.nan]})],
)
def test_plot_learning_curves__nothing_to_draw(history: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"history: holds no value of .*; columns are \['epoch', "):
        plot_learning_curves(history, tmp_path / "curves.png")


def find_cells(pixels: np.ndarray, class_count: int) -> np.ndarray:
    """Return the mean darkness of each cell: the matrix is the tinted square left of the colour bar."""
    is_grey = (np.ptp(pixels, axis=2) == 0) & (pixels[..., 0] == 238)
    is_tinted = (pixels[..., 2] - pixels[..., 0] >= 3) | is_grey
    rows = np.flatnonzero(is_tinted.mean(axis=1) > 0.5)
    columns = np.flatnonzero(is_tinted[rows].mean(axis=0) > 0.5)
    columns = columns[: np.flatnonzero(np.diff(columns, append=columns[-1] + 99) > 2)[0] + 1]
    matrix = 255 - pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean(axis=2)
    strips = np.array_split(matrix, class_count)
    return np.array(
        [[cell.mean() for cell in np.array_split(strip, class_count, axis=1)] for strip in strips]
    )


def test_plot_confusion__diagonal_is_darker(tmp_path: Path) -> None:
    confusion = torch.full((5, 5), 5.0, dtype=torch.float64) + 80 * torch.eye(5, dtype=torch.float64)

    plot_confusion(confusion, 1, tmp_path / "confusion.png")

    darkness = find_cells(read_pixels(tmp_path / "confusion.png"), 5)
    assert darkness.diagonal().min() > darkness[~np.eye(5, dtype=bool)].max() + 50


@pytest.mark.parametrize("class_count", [5, 6, 11])
def test_plot_confusion__nothing_is_cut_off(class_count: int, tmp_path: Path) -> None:
    plot_confusion(torch.eye(class_count), 0, tmp_path / "confusion.png")
    pixels = read_pixels(tmp_path / "confusion.png")
    for edge in (pixels[:3], pixels[-3:], pixels[:, :3], pixels[:, -3:]):
        assert (edge == 255).all()


def test_plot_confusion__rows_are_recorded_and_normalised(tmp_path: Path) -> None:
    # Recorded 0 is answered 2 by a thousand times fewer bins than recorded 1 is answered 0: equally dark.
    confusion = np.array([[0, 0, 3], [3000, 0, 0], [0, 0, 0]])

    plot_confusion(confusion, 0, tmp_path / "confusion.png")

    darkness = find_cells(read_pixels(tmp_path / "confusion.png"), 3)
    assert darkness[0].argmax() == 2
    assert darkness[1].argmax() == 0
    assert darkness[0, 2] == pytest.approx(darkness[1, 0], abs=15)
    np.testing.assert_allclose(darkness[2], 255 - 238, atol=4)


@pytest.mark.parametrize("class_count", [1, 2, 13])
def test_plot_confusion__grows_with_the_counts(class_count: int, tmp_path: Path) -> None:
    plot_confusion(torch.eye(class_count), 0, tmp_path / "confusion.png")

    height, width, _ = read_pixels(tmp_path / "confusion.png").shape
    assert 100 * class_count < height < width < 1000 + 120 * class_count


def test_plot_reliability(tmp_path: Path) -> None:
    # Two bands: confidence 0.52 is right in half of the bins, confidence 0.95 in all.
    probabilities = torch.tensor([[0.52, 0.48], [0.52, 0.48], [0.95, 0.05], [0.95, 0.05]])
    tally = tally_batch(probabilities.log(), torch.tensor([0, 1, 0, 0]), 0)

    plot_reliability(tally, tmp_path / "reliability.png")

    pixels = read_pixels(tmp_path / "reliability.png")
    is_bar = np.abs(pixels - BAND).max(axis=2) <= 8
    plot_width = pixels.shape[1] / 2
    left, right = is_bar[:, : int(plot_width * 1.3)], is_bar[:, int(plot_width * 1.3) :]
    legend_free = slice(pixels.shape[0] // 6, None)
    heights = [int(half[legend_free].any(axis=1).sum()) for half in (left, right)]
    assert heights[1] > 1.5 * heights[0] > 0


def test_plot_reliability__sure_and_right_bins_fill_the_last_band(tmp_path: Path) -> None:
    tally = tally_batch(torch.eye(3) * 100, torch.tensor([0, 1, 2]), 0)

    plot_reliability(tally, tmp_path / "reliability.png")

    pixels = read_pixels(tmp_path / "reliability.png")
    bars = np.flatnonzero((np.abs(pixels - BAND).max(axis=2) <= 8)[pixels.shape[0] // 2])
    assert bars.min() > 0.8 * pixels.shape[1]


def test_plot_reliability__the_legend_lies_over_no_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    plot_reliability(empty_tally(6), tmp_path / "reliability.png", "test")
    figure = figures[0]
    figure.draw_without_rendering()
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert legend.get_title().get_text() == "test, 0 bins, ECE –"
    assert legend.get_window_extent().y0 >= figure.axes[0].get_window_extent().y1
    assert legend.get_window_extent().y1 <= figure.bbox.y1


def test_plot_confusion__says_which_bins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    plot_confusion(1_000 * torch.eye(2), 0, tmp_path / "confusion.png", "val")
    assert figures[0].axes[0].get_title("left") == "val, 2,000 bins"


def test_plot_reliability__no_bins(tmp_path: Path) -> None:
    plot_reliability(empty_tally(6), tmp_path / "reliability.png")

    pixels = read_pixels(tmp_path / "reliability.png")
    assert count_pixels(pixels[pixels.shape[0] // 4 :], BAND) == 0


def test_plots__leave_no_open_figure(tmp_path: Path) -> None:
    plot_confusion(torch.eye(2), 0, tmp_path / "confusion.png")

    assert pyplot.get_fignums() == []
