"""Plots of a study: its progress, the importance of each key, and the best values."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from binrecon.config.metric_names import monitor_mode
from binrecon.report.png import save_figure
from binrecon.sweep.plots.drawn import Drawn
from binrecon.sweep.plots.front import draw_front
from binrecon.sweep.plots.keys import draw_importances, draw_slices, find_importances
from binrecon.sweep.plots.parallel import draw_parallel
from binrecon.sweep.plots.progress import draw_epochs, draw_history

_LEAST = 3
"""Minimum number of complete trials for a plot."""


class Picture(NamedTuple):
    """A plot of a study."""

    path: Path
    caption: str


def plot_study(
    study: Study, trials: Sequence[FrozenTrial], objectives: Sequence[str], winner: FrozenTrial, folder: Path
) -> list[Picture]:
    """Draw history, slices, importances, parallel coordinates and epochs; a front for several objectives.

    Args:
        study: The study of `trials`.
        trials: The counted trials.
        objectives: Names of its values.
        winner: The trial that was chosen.
        folder: Folder for the plots.

    Returns:
        The plots; empty if too few trials are complete.
    """
    if sum(trial.state == TrialState.COMPLETE for trial in trials) < _LEAST:
        return []
    figures: dict[str, tuple[Figure, str]] = {}
    all_drawn = [Drawn(name, at, monitor_mode(name), trials, winner) for at, name in enumerate(objectives)]
    for drawn in all_drawn:
        suffix = f"_{drawn.name.replace('/', '_')}" if len(objectives) > 1 else ""
        importances = find_importances(study, drawn)
        figures[f"history{suffix}"] = (draw_history(drawn), "What each trial reached, in order")
        figures[f"slices{suffix}"] = (
            draw_slices(drawn),
            "Values over each searched key; on the edge: worse than shown",
        )
        if importances:
            caption = "Which keys set the best tenth of the complete trials apart (PED-ANOVA)"
            figures[f"importances{suffix}"] = (draw_importances(drawn, importances), caption)
        values = [drawn.value_of(trial) for trial in drawn.complete]
        parallel = draw_parallel(drawn.name, drawn.mode, drawn.complete, values, winner.number)
        figures[f"parallel_coordinates{suffix}"] = (parallel, "Complete trials as lines through their values")
    if len(objectives) > 1:
        figures["front"] = (draw_front(all_drawn, study.best_trials), "Trials that none beats in everything")
    elif any(trial.intermediate_values for trial in trials):
        figures["epochs"] = (draw_epochs(all_drawn[0]), "What each trial reported, epoch by epoch")
    pictures = [Picture(folder / f"{name}.png", caption) for name, (_, caption) in figures.items()]
    for picture, (figure, _) in zip(pictures, figures.values(), strict=True):
        save_figure(figure, picture.path)
    return pictures
