from collections.abc import Callable
from pathlib import Path

import pytest

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.schema import TrainConfig
from binrecon.published.rows import PublishedRow
from binrecon.reproduce.command import reproduce
from binrecon.reproduce.estimate import Estimate, extrapolate, sum_seconds
from binrecon.training.pace import Pace
from binrecon.training.phases import plan_phases

Find = Callable[[str, str], PublishedRow]
STAGES = ["stem", "stage1", "stage2", "stage3", "stage4"]


def compose(row: PublishedRow, *words: str) -> TrainConfig:
    config: TrainConfig = to_typed(compose_config("train", [f"experiment={row.recipe}", *words]))
    return config


def test_extrapolate__every_layer(row: Find) -> None:
    """20 epochs of 109,306 photos at 100 a second; 31,230 are looked at in each, 15,616 at the end, at 500."""
    some = row("stanford", "resnet18_sgd")
    config = compose(some)
    pace = Pace(((plan_phases(config, STAGES)[0], 100.0),), 500.0, None, "CPU")
    expected = 20 * 109_306 / 100 + (20 * 31_230 + 15_616) / 500
    assert extrapolate(config, some, pace) == pytest.approx(expected)


def test_extrapolate__phases_and_five_views(row: Find) -> None:
    some = row("stanford", "resnet34_sgdr")
    config = compose(some)
    rates = [1000.0, 900.0, 400.0, 300.0, 100.0, 90.0, 30.0]
    pace = Pace(tuple(zip(plan_phases(config, STAGES), rates, strict=True)), 200.0, None, "CPU")
    training = 109_306 * (1 / 1000 + sum(7 / rate for rate in rates[1:]))
    assert extrapolate(config, some, pace) == pytest.approx(training + 5 * (43 * 31_230 + 15_616) / 200)


def test_extrapolate__judged_on_val(row: Find) -> None:
    some = row("unc", "resnet34_sgd")
    config = compose(some)
    pace = Pace(((plan_phases(config, STAGES)[0], 1000.0),), 1000.0, None, "CPU")
    assert extrapolate(config, some, pace) == pytest.approx((40 * 324_735 + 41 * 36_032) / 1000)


def test_extrapolate__kept_features(row: Find) -> None:
    """70 % of 10,441 photos are seen plain and mirrored, 30 % plain."""
    some = row("proposal", "resnet50_sgd")
    pace = Pace((), float("nan"), 10.0, "CPU")
    assert extrapolate(compose(some), some, pace) == pytest.approx(10_441 * (2 * 0.7 + 0.3) / 10)


def test_sum_seconds__features_are_computed_once(row: Find) -> None:
    pace = Pace((), float("nan"), 10.0, "CPU")
    sgd, adam = (
        Estimate(row("proposal", name), pace, 100.0, "same") for name in ("resnet50_sgd", "resnet50_adam")
    )
    live = Estimate(row("stanford", "resnet18_sgd"), pace, 50.0, None)
    assert sum_seconds([sgd, adam], seeds=3) == 100
    assert sum_seconds([sgd, live], seeds=3) == 250


def test_reproduce__estimate(tiny_bins: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It times, says that it extrapolates, and leaves nothing behind."""
    words = [
        f"source.root={tiny_bins}", "data.split=grouped", "data.counts_from=records", "data.workers=0",
        "data.image_size=32", "rows=[resnet18_sgd,resnet18_sgd_scratch]", "estimate_s=0.2", "--estimate",
        f"output_root={tmp_path / 'outputs'}",
    ]  # fmt: skip
    reproduce(["stanford", *words])
    shown = capsys.readouterr().out
    assert "stanford: extrapolated from 0.2 s of each row on CPU" in shown
    assert "timed resnet18_sgd: 32 px from stem on " in shown
    assert "For all published photos." in shown
    assert not (tmp_path / "outputs").exists()
