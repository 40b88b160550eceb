"""The verb `sweep`: search hyper-parameters, name a winner and test it."""

import contextlib
import io
import shutil

from binrecon.config.compose import RECIPES
from binrecon.config.home import quote_value
from binrecon.config.run_keys import PLACE_KEYS
from binrecon.config.schema import TrainConfig
from binrecon.config.stored.recipes import take_in_recipes
from binrecon.config.trainer_words import SLURM
from binrecon.console import get_console
from binrecon.errors import ConfigError
from binrecon.report.text import write_score
from binrecon.sweep.evaluators import Evaluator
from binrecon.sweep.heads import HeadEvaluator, why_not_heads
from binrecon.sweep.loop import run_trials
from binrecon.sweep.place import taking_turns
from binrecon.sweep.plan import Plan
from binrecon.sweep.results import Final, read_final, write_report, write_trials, write_winner
from binrecon.sweep.runs import RunEvaluator
from binrecon.sweep.sampling import quieten_optuna
from binrecon.sweep.storage import using_storage
from binrecon.sweep.study import SweepStudy
from binrecon.training.completion import complete_run
from binrecon.training.distributed.place import ALONE, check_place
from binrecon.training.machine import check_machine
from binrecon.training.run_folder import RunFolder


def sweep(plan: Plan) -> None:
    """Search, name a winner, and test it.

    Args:
        plan: The sweep, as parsed from its command line.

    Raises:
        BinreconError: If the machine, bins, storage or too many trials rule it out.
    """
    _check_trainer(plan.config)
    quieten_optuna()
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
        evaluator.prepare(study.check_manifest)
        try:
            run_trials(study, evaluator, plan.compose)
        finally:
            write_trials(study, plan.place.table)
        shutil.rmtree(plan.place.trained, ignore_errors=True)  # the study has stored all of it
        winner = write_winner(study, plan.fixed, plan.place)
        if study.owns_results():
            with taking_turns(
                plan.place.turn, lambda: console.print("waiting for another worker, which trains the winner")
            ):
                finals = _train_finals(plan, winner.number, is_quiet=isinstance(evaluator, HeadEvaluator))
                write_report(study, winner, finals, plan.place, plan.command)


def _check_trainer(config: TrainConfig) -> None:
    """Check that trials can start on this machine, before the study is created with this trainer.

    Raises:
        ConfigError: If they cannot.
    """
    if config.trainer.name == SLURM:
        raise ConfigError(
            [
                "trainer: slurm trains as srun starts it, and a sweep starts its trials itself; use "
                "trainer=auto or trainer=ddp, also in a Slurm job, where `srun binrecon sweep` starts "
                "workers that share them"
            ]
        )
    check_place(config.trainer, ALONE)
    check_machine(config)


def _build_evaluator(plan: Plan, study: SweepStudy) -> Evaluator:
    settings, console = plan.settings, get_console()
    if (reason := why_not_heads(plan.config, plan.space)) is None:
        return HeadEvaluator(
            plan.config,
            RunFolder(plan.place.prepared),
            settings.objectives,
            settings.at_once,
            plan.place.trained,
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
    """Train the winner on the seeds that are still missing; short runs print one line."""
    finals, console = [], get_console()
    there = [word for word in plan.fixed if word.partition("=")[0].partition(".")[0] in PLACE_KEYS]
    for seed in range(plan.config.seed + 1, plan.config.seed + 1 + plan.settings.final_seeds):
        folder = RunFolder(plan.place.finals / f"trial-{number:04d}-seed-{seed}")
        if (final := read_final(folder, seed)) is None:
            recipe = f"{RECIPES}={quote_value(str(plan.place.recipe))}"
            words = take_in_recipes([recipe, f"seed={seed}", *there])
            with contextlib.redirect_stdout(io.StringIO()) if is_quiet else contextlib.nullcontext():
                complete_run(words, folder)
            final = read_final(folder, seed)
        if final is not None:
            finals.append(final)
            accuracy = write_score("accuracy", final.metrics["accuracy"])
            console.print(
                f"winner with seed {seed}: {final.judged_split} accuracy {accuracy}, {final.folder}",
                highlight=False,
            )
    return finals
