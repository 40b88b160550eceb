import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from binrecon.compare.groups import find_keys, group_runs
from binrecon.compare.leaderboard import Leaderboard, build_leaderboard
from binrecon.compare.plots import draw_curves, draw_leaderboard, find_band
from binrecon.compare.read import Run, read_history, read_run

BLUE, ORANGE = (31, 95, 168), (194, 87, 26)


def count_pixels(png: bytes, colour: tuple[int, int, int]) -> int:
    with Image.open(io.BytesIO(png)) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    return int((np.abs(pixels - colour).max(axis=2) <= 8).sum())


def rank(runs: list[Run]) -> Leaderboard:
    keys = find_keys(runs)
    return build_leaderboard(group_runs(runs, keys)[0], keys, "accuracy", resamples=100, seed=0)


def draw(runs: list[Run]) -> bytes:
    board = rank(runs)
    return draw_curves(
        board, {id(row.group): [read_history(run) for run in row.group.runs] for row in board.rows}
    )


@pytest.fixture
def runs(write_run: Callable[..., Path]) -> list[Run]:
    return [
        read_run(write_run(f"{word}{seed}", f"optimizer={word}", seed=seed, epochs=epochs))
        for word, epochs in (("adam", range(1, 9)), ("sgd", range(3, 7)))
        for seed in range(2)
    ]


def test_draw_leaderboard(runs: list[Run]) -> None:
    png = draw_leaderboard(rank(runs))
    assert count_pixels(png, BLUE) > 500
    assert count_pixels(png, ORANGE) > 500


def test_draw_leaderboard__grows_with_the_groups(write_run: Callable[..., Path], runs: list[Run]) -> None:
    many = [read_run(write_run(f"lr{n}", f"optimizer.lr={n}")) for n in range(1, 13)]
    heights = [Image.open(io.BytesIO(draw_leaderboard(rank(some)))).height for some in (runs, many)]
    assert heights[1] > heights[0] + 500


def test_draw_curves(runs: list[Run]) -> None:
    png = draw(runs)
    assert count_pixels(png, BLUE) > 500
    assert count_pixels(png, ORANGE) > 500


def test_draw_curves__one_epoch_is_seen(write_run: Callable[..., Path]) -> None:
    assert count_pixels(draw([read_run(write_run("one", epochs=[1]))]), BLUE) > 50


def test_draw_curves__no_history(runs: list[Run]) -> None:
    assert count_pixels(draw_curves(rank(runs), {}), BLUE) == 0


def test_find_band__ends_with_the_first_seed() -> None:
    long = pd.DataFrame({"epoch": [1, 2, 3], "val/loss": [3.0, 2.0, 1.0]})
    short = pd.DataFrame({"epoch": [1, 2], "val/loss": [1.0, np.inf]})
    band = find_band([long, short], "val/loss")
    assert band.to_dict("list") == {"mean": [2.0], "low": [1.0], "high": [3.0]}
    assert band.index.tolist() == [1]


def test_find_band__without_the_column() -> None:
    assert find_band([pd.DataFrame({"epoch": [1]})], "val/loss").empty
