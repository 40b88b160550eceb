"""Results of a study: its table, its winner as a recipe, the winner tested on other seeds, and a report."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pandas as pd
from optuna.trial import FrozenTrial, TrialState

from binrecon.config.metric_names import LOGGED_METRICS
from binrecon.config.stored.overrides import check_stored
from binrecon.config.trials import write_words
from binrecon.console import get_console
from binrecon.errors import ConfigError, StudyError
from binrecon.report.text import write_score
from binrecon.sweep.outcome import best_trials
from binrecon.sweep.place import Place
from binrecon.sweep.plots import plot_study
from binrecon.sweep.recipe import write_recipe
from binrecon.sweep.study import SweepStudy
from binrecon.sweep.workers import ERROR
from binrecon.training.run_folder import RunFolder
from binrecon.whole_file import write_text

_REPORTED = ("accuracy", "macro_f1", "rmse", "mae", "nll", "rmse_of_rounded_mean", "mae_of_median")


@dataclass(frozen=True)
class Final:
    """The winner on one more seed."""

    seed: int
    folder: Path
    judged_split: str
    metrics: Mapping[str, float]
    majority: Mapping[str, float]


def write_trials(study: SweepStudy, path: Path) -> None:
    """Write a row for each counted trial: state, values, parameters, metrics, error."""
    rows = [_row(trial, study.settings.objectives) for trial in study.list_results()]
    write_text(path, pd.DataFrame(rows).to_csv(index=False))


def _row(trial: FrozenTrial, objectives: Sequence[str]) -> dict[str, Any]:
    values = trial.values if trial.state == TrialState.COMPLETE else [None] * len(objectives)
    notes = trial.user_attrs
    return {
        "trial": trial.number,
        "state": trial.state.name.lower(),
        **{f"objective {name}": value for name, value in zip(objectives, values, strict=True)},
        **trial.params,
        **dict(sorted(notes.get("metrics", {}).items())),
        **{key: notes.get(key) for key in ("best_epoch", "epochs", "seconds", "run", "retry_of", ERROR)},
    }


def find_winner(study: SweepStudy) -> FrozenTrial:
    """Return the best trial, by the first objective.

    Raises:
        StudyError: If none is complete.
    """
    best = best_trials(study.optuna, study.list_results())
    if not best:
        counts = study.count_states()
        reason = f"; most often: {study.commonest_error()}" if counts["fail"] else ""
        raise StudyError(
            f"no trial of the study '{study.optuna.study_name}' is complete: {counts['pruned']} were pruned, "
            f"{counts['fail']} failed{reason}"
        )
    return best[0]


def write_winner(study: SweepStudy, fixed: Sequence[str], place: Place) -> FrozenTrial:
    """Write the winner as a recipe, and return its trial."""
    winner = find_winner(study)
    values = _describe_values(winner, study.settings.objectives)
    remarks = [
        f"Trial {winner.number} of {len(study.list_trials())} of the study {study.optuna.study_name}",
        f"{values}: chosen as the best, so expect less; {place.report.name} has its test",
        f"  python train.py experiment={place.recipe}",
    ]
    write_recipe(place.recipe, [*fixed, *_check_values(study, winner)], remarks)
    return winner


def _check_values(study: SweepStudy, winner: FrozenTrial) -> list[str]:
    """Return the overrides of a trial, which others may have written into the storage.

    Raises:
        StudyError: If they set a key that is not searched.
    """
    words = write_words(winner.params)
    try:
        if others := winner.params.keys() - study.space.keys():
            raise ConfigError([f"{key}: is not searched" for key in sorted(others)])
        return check_stored(words)
    except ConfigError as error:
        raise StudyError(
            f"trial {winner.number} of the study '{study.optuna.study_name}' cannot be the winner "
            f"({'; '.join(error.problems)}); what is stored was changed: choose another sweep.study=NAME"
        ) from error


def read_final(folder: RunFolder, seed: int) -> Final | None:
    """Read what a seed of the winner achieved; None if that run has not ended."""
    if not folder.has_ended:
        return None
    results = folder.read_results()
    split = results["judged_split"]
    return Final(seed, folder.path, split, results[split], results["baselines"]["majority"])


def write_report(
    study: SweepStudy, winner: FrozenTrial, finals: Sequence[Final], place: Place, command: str
) -> None:
    """Write and plot the results of the study, and print a summary."""
    objectives = study.settings.objectives
    pictures = plot_study(study.optuna, study.list_results(), objectives, winner, place.plots)
    counts = study.count_states()
    lines = [
        f"# {study.optuna.study_name}",
        "",
        f"`{command}`",
        "",
        f"{len(study.list_trials())} trials: {counts['complete']} complete, {counts['pruned']} pruned, "
        f"{counts['fail']} failed. Sampler {study.settings.sampler}, pruner "
        f"{study.pruner}.",
        "",
        f"## Winner: trial {winner.number}",
        "",
        *(f"- `{word}`" for word in write_words(winner.params)),
        "",
        f"{_describe_values(winner, objectives)} in validation. That is the best of all trials on the bins "
        "that chose it, so it flatters; what counts is the test below.",
        "",
        f"`python train.py experiment={place.recipe}` trains it.",
        "",
        *_describe_front(study),
        *_describe_finals(finals),
        *(["## Plots", ""] if pictures else []),
        *(f"{shown.caption}:\n\n![{shown.caption}](plots/{shown.path.name})\n" for shown in pictures),
    ]
    write_text(place.report, "\n".join(lines).rstrip() + "\n")
    console = get_console()
    console.print(
        f"winner: trial {winner.number}, {_describe_values(winner, objectives)} in validation "
        "(the best of all trials there, so it flatters)",
        highlight=False,
    )
    for line in _describe_finals(finals)[2:]:
        console.print(line, highlight=False)
    console.print(f"recipe: python train.py experiment={place.recipe}", highlight=False)
    console.print(f"report: {place.report}", highlight=False)
    console.print(f"plots:  {place.plots}", highlight=False)


def _format(name: str, value: float | None) -> str:
    return write_score(name, math.nan if value is None else value)


def _describe_values(trial: FrozenTrial, objectives: Sequence[str]) -> str:
    return ", ".join(
        f"{name} {write_score(name.partition('/')[2], value)}"
        for name, value in zip(objectives, trial.values, strict=True)
    )


def _describe_front(study: SweepStudy) -> list[str]:
    """List the Pareto-optimal trials."""
    objectives = study.settings.objectives
    if len(objectives) == 1:
        return []
    front = best_trials(study.optuna, study.list_results())
    return [
        "## Trials that none beats in every objective",
        "",
        f"| trial | {' | '.join(objectives)} | words |",
        f"|{'---|' * (len(objectives) + 2)}",
        *(
            f"| {trial.number} | {' | '.join(f'{value:.4f}' for value in trial.values)} "
            f"| {' '.join(f'`{word}`' for word in write_words(trial.params))} |"
            for trial in front
        ),
        "",
    ]


def _describe_finals(finals: Sequence[Final]) -> list[str]:
    if not finals:
        return ["## Test", "", "The winner was not trained on other seeds (`sweep.final_seeds=0`).", ""]
    split = finals[0].judged_split
    seeds = ", ".join(str(final.seed) for final in finals)
    note = "" if split == "test" else ": the split keeps no test bins, so these bins chose it"
    lines = [
        "## Test",
        "",
        f"The winner trained anew with seed{'s' if len(finals) > 1 else ''} {seeds} ({split} bins{note}):",
        "",
        "| metric | mean | spread (sd) | majority |",
        "|---|---|---|---|",
    ]
    for name in LOGGED_METRICS:
        if name in _REPORTED:
            values = [final.metrics[name] for final in finals]
            spread = _format(name, stdev(values) if len(values) > 1 else None)
            majority = _format(name, finals[0].majority.get(name))
            lines.append(f"| {name} | {_format(name, mean(values))} | {spread} | {majority} |")
    return [*lines, ""]
