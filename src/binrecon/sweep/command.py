"""What `binrecon sweep` does."""

import contextlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from binrecon.config.compose import chosen_options, take_in_recipes, to_typed
from binrecon.config.run_keys import PLACE_KEYS
from binrecon.config.schema import SweepConfig, SweepSettings, TrainConfig
from binrecon.config.search_space import (
    SearchSpace,
    SweepWords,
    Value,
    build_space,
    check_space,
    compose_checked,
    compose_trial,
    sort_words,
    write_words,
)
from binrecon.console import get_console
from binrecon.errors import ConfigError
from binrecon.report.tables import format_metric
from binrecon.sweep.evaluators import Evaluator
from binrecon.sweep.heads import HeadEvaluator, why_not_heads
from binrecon.sweep.loop import run_trials
from binrecon.sweep.place import Place
from binrecon.sweep.results import Final, read_final, write_report, write_trials, write_winner
from binrecon.sweep.runs import RunEvaluator
from binrecon.sweep.sampling import quieten_optuna
from binrecon.sweep.storage import using_storage
from binrecon.sweep.study import SweepStudy
from binrecon.training.completion import complete_run
from binrecon.training.run_folder import RunFolder

_OF_A_RUN = ("resume", "hydra")
_NOT_SEARCHED = {
    "seed": "would find the luckiest; the winner is trained on sweep.final_seeds others",
    "monitor": "is the first of sweep.objectives",
    "experiment": "holds many values at once; search its keys",
    "source": "changes the bins, which trials share",
    "data.split": "changes the bins, which trials share",
    "data.split_seed": "changes the bins, which trials share",
    "trainer": "changes where trials run, not what comes of them",
}
_ELSEWHERE = (*PLACE_KEYS, "source.root", "trainer")
"""What may differ between workers of one study."""


class Plan:
    """A sweep, read from the command line and checked.

    Args:
        words: Of the command line.

    Raises:
        ConfigError: With everything that is wrong.
    """

    def __init__(self, words: Sequence[str]) -> None:
        said = sort_words(take_in_recipes(words))
        self.settings = _read_settings(said.sweep)
        self.words_of_space, self.left_out = _gather_space(self.settings, said)
        self.fixed = list(said.fixed)
        if not any(word.startswith("monitor=") for word in self.fixed):
            self.fixed.append(f"monitor={self.settings.objectives[0]}")
        self.space: SearchSpace = build_space(self.words_of_space)
        check_space(self.fixed, self.space)
        self.name = self.settings.study or self._make_name(said)
        self._group_in_wandb()
        self.base: DictConfig = compose_trial(self.fixed, {})
        self.config: TrainConfig = to_typed(self.base)
        self.place = Place(Path(self.config.output_root) / "sweeps" / self.name)
        self.command = " ".join(["binrecon sweep", *words])

    def _make_name(self, said: SweepWords) -> str:
        sweep = chosen_options("sweep", said.sweep)["sweep"]
        options = chosen_options("train", self.fixed)
        parts = [sweep, *(options[group] for group in ("model", "optimizer") if group not in self.space)]
        return "-".join(str(part) for part in parts)

    def _group_in_wandb(self) -> None:
        """Let the runs of a study stand together in W&B, where they are logged there."""
        given = {word.partition("=")[0] for word in self.fixed}
        if chosen_options("train", self.fixed)["logger"] == "wandb" and "logger.group" not in given:
            self.fixed.append(f"logger.group={self.name}")

    def compose(self, values: Mapping[str, Value]) -> tuple[TrainConfig, list[str]]:
        """Make the configuration of a trial, and the words that make it."""
        return to_typed(compose_trial(self.fixed, values)), [*self.fixed, *write_words(values)]

    def identity(self) -> dict[str, Any]:
        """Return what makes it another study: space, objectives, and what its trials share."""
        plain = OmegaConf.to_container(self.base, resolve=True)
        flat = {
            key: value
            for key, value in _flatten(plain).items()
            if not any(key == left or key.startswith(f"{left}.") for left in (*_ELSEWHERE, *self.space))
        }
        return {
            **flat,
            "trainer.max_epochs": self.config.trainer.max_epochs,
            "trainer.precision": self.config.trainer.precision,
            "sweep.objectives": list(self.settings.objectives),
            **{f"sweep.space.{key}": words for key, words in self.words_of_space.items()},
        }


def sweep(words: Sequence[str]) -> None:
    """Search, name a winner, and test it.

    Args:
        words: Settings of the sweep, and words of `train` with one value or several.

    Raises:
        BinreconError: If words, bins, storage or too many trials do not allow it.
    """
    quieten_optuna()
    plan = Plan(words)
    console = get_console()
    for line in plan.left_out:
        console.print(line, highlight=False)
    settings = plan.settings
    with using_storage(settings.storage, plan.place.journal) as storage:
        study = SweepStudy(
            plan.name,
            storage,
            settings,
            plan.space,
            plan.config.trainer.max_epochs,
            plan.identity(),
        )
        console.print(f"study: {plan.name}, {plan.place.folder}", highlight=False)
        if study.pruner != settings.pruner:
            console.print("nothing is pruned, since there are several objectives")
        evaluator = _build_evaluator(plan, study)
        study.check_manifest(evaluator.prepare())
        try:
            run_trials(study, evaluator, plan.compose)
        finally:
            write_trials(study, plan.place.table)
        winner = write_winner(study, plan.fixed, plan.place)
        if study.owns_results():
            finals = _train_finals(plan, winner.number, is_quiet=isinstance(evaluator, HeadEvaluator))
            write_report(study, winner, finals, plan.place, plan.command)


def _read_settings(words: Sequence[str]) -> SweepSettings:
    config: SweepConfig = to_typed(compose_checked("sweep", words))
    return config.sweep


def _gather_space(settings: SweepSettings, said: SweepWords) -> tuple[dict[str, str], list[str]]:
    """Return what is searched: the file's keys and those of the command line, which win."""
    space = {**settings.space, **said.searched}
    given = {word.partition("=")[0].lstrip("+") for word in said.fixed}
    left_out = [f"{key} is given, so it is not searched" for key in space if key in given]
    space = {key: words for key, words in space.items() if key not in given}
    problems = [
        f"{key}: cannot be searched, for it {reason}"
        for key in space
        for barred, reason in _NOT_SEARCHED.items()
        if key == barred or key.startswith(f"{barred}.")
    ]
    if "val/loss" in settings.objectives and any(key.partition(".")[0] == "loss" for key in space):
        problems.append(
            "sweep.objectives: val/loss is on another scale for each loss; use for instance val/nll"
        )
    problems += [
        f"{key}: belongs to a run, not to a sweep"
        for key in sorted(given)
        if key.partition(".")[0] in _OF_A_RUN
    ]
    if not space:
        problems.append(
            "sweep.space: empty; search a key, for instance 'optimizer.lr=tag(log, interval(1e-4, 1e-1))'"
        )
    if problems:
        raise ConfigError(problems)
    return space, left_out


def _build_evaluator(plan: Plan, study: SweepStudy) -> Evaluator:
    settings, console = plan.settings, get_console()
    if (reason := why_not_heads(plan.config, plan.space)) is None:
        return HeadEvaluator(
            plan.config, RunFolder(plan.place.prepared), settings.objectives, settings.at_once
        )
    console.print(f"each trial is a run of its own ({reason})", highlight=False)
    facts = {
        "study": plan.name,
        "storage": settings.storage,
        "journal": str(plan.place.journal),
        "pruner": study.pruner,
        "objective": study.pruned_by,
    }
    return RunEvaluator(plan.config, plan.place, settings.objectives, facts)


def _train_finals(plan: Plan, number: int, is_quiet: bool) -> list[Final]:
    """Train the winner on other seeds, those that have not been yet; what takes seconds shows one line."""
    finals, console = [], get_console()
    there = [word for word in plan.fixed if word.partition("=")[0].partition(".")[0] in PLACE_KEYS]
    for seed in range(plan.config.seed + 1, plan.config.seed + 1 + plan.settings.final_seeds):
        folder = RunFolder(plan.place.finals / f"trial-{number:04d}-seed-{seed}")
        if (final := read_final(folder, seed)) is None:
            words = take_in_recipes([f"experiment={plan.place.recipe}", f"seed={seed}", *there])
            with contextlib.redirect_stdout(io.StringIO()) if is_quiet else contextlib.nullcontext():
                complete_run(words, folder)
            final = read_final(folder, seed)
        if final is not None:
            finals.append(final)
            accuracy = format_metric("accuracy", final.metrics["accuracy"])
            console.print(
                f"winner with seed {seed}: {final.judged_split} accuracy {accuracy}, {final.folder}",
                highlight=False,
            )
    return finals


def _flatten(node: Any, prefix: str = "") -> dict[str, Any]:  # noqa: ANN401  # a tree of plain values
    if not isinstance(node, dict):
        return {prefix.removesuffix("."): node}
    return {
        key: value
        for name, branch in node.items()
        for key, value in _flatten(branch, f"{prefix}{name}.").items()
    }
