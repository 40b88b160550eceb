"""Optuna's own plots of a study, as PNG files."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from optuna.exceptions import ExperimentalWarning
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from binrecon.report.png import save_png

_DPI = 150
_LEAST = 3
"""Complete trials that a plot needs to say anything."""


def plot_study(study: Study, objectives: Sequence[str], folder: Path) -> list[Path]:
    """Draw history, importances, parallel coordinates and epochs of a study; a front for several objectives.

    Args:
        study: With trials of any state.
        objectives: Names of its values.
        folder: Where the pictures go.

    Returns:
        The pictures; none if too few trials are complete to draw anything from.
    """
    mpl.use("Agg")  # optuna draws with pyplot, which would look for a display
    import optuna.visualization.matplotlib as draw

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < _LEAST:
        return []
    drawings: dict[str, Callable[[], Any]] = {}
    for place, name in enumerate(objectives):
        named: dict[str, Any] = {"target_name": name}
        suffix = ""
        if len(objectives) > 1:
            named["target"] = _target(place)
            suffix = f"_{name.replace('/', '_')}"
        drawings[f"history{suffix}"] = partial(draw.plot_optimization_history, study, **named)
        if _varies(complete, place):
            drawings[f"importances{suffix}"] = partial(draw.plot_param_importances, study, **named)
        drawings[f"parallel_coordinates{suffix}"] = partial(draw.plot_parallel_coordinate, study, **named)
    if len(objectives) > 1:
        drawings["front"] = partial(draw.plot_pareto_front, study, target_names=list(objectives))
    elif any(trial.intermediate_values for trial in complete):
        drawings["epochs"] = partial(draw.plot_intermediate_values, study)
    return [_save(drawing, folder / f"{name}.png") for name, drawing in drawings.items()]


def _target(place: int) -> Callable[[FrozenTrial], float]:
    return lambda trial: trial.values[place]


def _varies(trials: Sequence[FrozenTrial], place: int) -> bool:
    """Whether there is any difference whose reasons could be sought."""
    return len({trial.values[place] for trial in trials}) > 1 and any(
        len({trial.params[key] for trial in trials}) > 1 for key in trials[0].params
    )


def _save(drawing: Callable[[], Any], path: Path) -> Path:
    from matplotlib import pyplot as plt

    with warnings.catch_warnings(), plt.style.context("default"):
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.simplefilter("ignore", UserWarning)
        axes = drawing()
        figure = np.ravel(axes)[0].figure
        figure.set_size_inches(9, 5.5)
        legend = np.ravel(axes)[0].get_legend()
        if legend is not None and len(legend.get_texts()) > 12:
            legend.remove()  # a name for each of a hundred trials tells nothing
        save_png(path, lambda file: figure.savefig(file, format="png", dpi=_DPI, bbox_inches="tight"))
        plt.close(figure)
    return path
