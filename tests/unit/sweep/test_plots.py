"""A study in pictures."""

import io
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import optuna
import pytest
from matplotlib.figure import Figure
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import Study
from optuna.trial import TrialState
from PIL import Image

from binrecon.config.metric_names import monitor_mode
from binrecon.sweep.outcome import best_trials
from binrecon.sweep.plots import plot_study
from binrecon.sweep.plots.drawn import Drawn
from binrecon.sweep.plots.keys import draw_importances, draw_slices, find_importances
from binrecon.sweep.plots.parallel import draw_parallel
from binrecon.sweep.plots.progress import draw_epochs, draw_history
from binrecon.sweep.plots.style import find_limits
from binrecon.sweep.sampling import quieten_optuna

ORANGE, PLUM = (194, 87, 26), (176, 48, 106)

SPACE: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(1e-4, 1.0, log=True),
    "decay": FloatDistribution(0.0, 1.0),
    "width": IntDistribution(1, 9),
    "kind": CategoricalDistribution(("a", "b")),
}


def build_study(objectives: Sequence[str], trials: int = 30) -> Study:
    """A study in which `lr` alone decides, its best value at 0.01 for each objective."""
    quieten_optuna()
    directions = ["minimize" if monitor_mode(name) == "min" else "maximize" for name in objectives]
    study = optuna.create_study(directions=directions, sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(trials):
        trial = study.ask(SPACE)
        loss = (np.log10(trial.params["lr"]) + 2) ** 2
        values = [loss + place / 10 if way == "minimize" else -loss for place, way in enumerate(directions)]
        if len(objectives) == 1:
            for epoch in range(1, 4):
                trial.report(values[0] + 1 / epoch, epoch)
        study.tell(trial, values)
    return study


def drawn_of(study: Study, name: str = "val/nll", place: int = 0) -> Drawn:
    return Drawn(name, place, monitor_mode(name), study.trials, best_trials(study)[0])


def count_pixels(figure: Figure, colour: tuple[int, int, int]) -> int:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    with Image.open(file) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    return int((np.abs(pixels - colour).max(axis=2) <= 8).sum())


def plot(study: Study, objectives: Sequence[str], folder: Path) -> set[str]:
    pictures = plot_study(study, study.trials, objectives, best_trials(study)[0], folder)
    for picture in pictures:
        with Image.open(picture.path) as opened:
            assert opened.width > 500
    return {picture.path.stem for picture in pictures}


def test_plot_study__one_objective(tmp_path: Path) -> None:
    names = plot(build_study(["val/nll"]), ["val/nll"], tmp_path)
    assert names == {"history", "slices", "importances", "parallel_coordinates", "epochs"}


def test_plot_study__several_objectives(tmp_path: Path) -> None:
    objectives = ["val/accuracy", "val/rmse", "val/nll", "val/mae"]
    kinds = ("history", "slices", "importances", "parallel_coordinates")
    names = plot(build_study(objectives), objectives, tmp_path)
    assert names == {f"{kind}_{name.replace('/', '_')}" for kind in kinds for name in objectives} | {"front"}


def test_plot_study__too_few_complete(tmp_path: Path) -> None:
    assert plot(build_study(["val/nll"], trials=2), ["val/nll"], tmp_path) == set()


def test_plot_study__all_the_same(tmp_path: Path) -> None:
    study = optuna.create_study()
    for _ in range(4):
        study.tell(study.ask({"lr": FloatDistribution(0, 1)}), 1.0)
    assert "importances" not in plot(study, ["val/nll"], tmp_path)


def test_plot_study__keys_that_not_all_trials_have(tmp_path: Path) -> None:
    study = optuna.create_study()
    for number in range(6):
        space = {"lr": FloatDistribution(1e-3, 1, log=True)} | (
            {"momentum": FloatDistribution(0, 1)} if number % 2 else {}
        )
        study.tell(study.ask(space), float(number))
    assert {"slices", "parallel_coordinates"} <= plot(study, ["val/nll"], tmp_path)


@pytest.mark.parametrize("name", ["val/nll", "val/accuracy"])
def test_find_importances__of_what_makes_better(name: str) -> None:
    """Worse values have another reason here: `kind` alone makes them."""
    study = optuna.create_study(
        direction="minimize" if name == "val/nll" else "maximize",
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    for _ in range(100):
        trial = study.ask(SPACE)
        loss = abs(np.log10(trial.params["lr"]) + 2) / 10 + (10 if trial.params["kind"] == "b" and trial.params["decay"] > 0.5 else 0)  # fmt: skip
        study.tell(trial, loss if name == "val/nll" else -loss)
    importances = find_importances(study, drawn_of(study, name))
    assert next(iter(importances)) == "lr"
    assert sum(importances.values()) == pytest.approx(1)


def test_draw_history__marks_winner_and_failures() -> None:
    study = build_study(["val/nll"])
    before = count_pixels(draw_history(drawn_of(study)), PLUM)
    study.tell(study.ask(SPACE), state=TrialState.FAIL)
    assert before == 0
    assert count_pixels(draw_history(drawn_of(study)), PLUM) > 5
    assert count_pixels(draw_history(drawn_of(study)), ORANGE) > 200


def test_draw_slices__a_panel_for_each_key() -> None:
    figure = draw_slices(drawn_of(build_study(["val/nll"])))
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes}
    assert set(SPACE) <= set(panels)
    assert (panels["lr"].get_xscale(), panels["decay"].get_xscale()) == ("log", "linear")
    assert [tick.get_text() for tick in panels["kind"].get_xticklabels()] == ["a", "b"]


def test_draw_importances__in_percent() -> None:
    figure = draw_importances(drawn_of(build_study(["val/nll"])), {"lr": 0.75, "kind": 0.25})
    assert [text.get_text() for text in figure.axes[0].texts] == ["75 %", "25 %"]


def test_draw_epochs__whole_epochs_and_states() -> None:
    study = build_study(["val/nll"])
    trial = study.ask(SPACE)
    trial.report(float("nan"), 1)
    study.tell(trial, state=TrialState.PRUNED)
    figure = draw_epochs(drawn_of(study))
    figure.draw_without_rendering()
    assert all(tick == int(tick) for tick in figure.axes[0].get_xticks())
    (legend,) = figure.legends
    assert {text.get_text() for text in legend.get_texts()} == {"complete", "pruned", "winner"}


@pytest.mark.parametrize(("name", "sign"), [("val/nll", 1), ("val/accuracy", -1)])
def test_draw_parallel__better_is_higher(name: str, sign: int) -> None:
    study = build_study(["val/nll"], trials=10)
    values = [sign * trial.value for trial in study.trials if trial.value is not None]
    winner = best_trials(study)[0].number
    figure = draw_parallel(name, monitor_mode(name), study.trials, values, winner)
    heights = {
        line.get_label(): line.get_ydata()[-1] for line in figure.axes[0].lines if len(line.get_ydata()) == 5
    }
    assert heights["winner"] > heights["best 5"] > heights["other complete trials"]


def test_find_limits() -> None:
    assert find_limits([float("nan")], "min") == (0.0, 1.0)
    assert find_limits([1.0, 1.0], "min") == pytest.approx((0.99, 1.01))
    low, high = find_limits([0.0, *[0.3] * 30, 0.35], "max")
    assert low > 0.05
    assert high > 0.35


def test_draw_slices__labels_of_a_narrow_log_axis_stand_apart() -> None:
    """matplotlib's own labels of a range below two decades lie over each other."""
    study = optuna.create_study()
    space: dict[str, BaseDistribution] = {"width": IntDistribution(32, 512, log=True)}
    for width in (32, 48, 200, 512):
        study.enqueue_trial({"width": width})
        study.tell(study.ask(space), float(width))
    figure = draw_slices(drawn_of(study))
    figure.draw_without_rendering()
    labels = [label for label in figure.axes[0].get_xticklabels(which="both") if label.get_text()]
    low, high = figure.axes[0].get_xlim()
    shown = [label.get_text() for label in labels if low <= label.get_position()[0] <= high]
    assert shown == ["50", "100", "200", "500"]
    boxes = sorted(label.get_window_extent().extents[[0, 2]].tolist() for label in labels)
    assert all(left[1] < right[0] for left, right in pairwise(boxes))
