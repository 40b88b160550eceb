"""Trials as whole runs, each in a folder of its own, in one process or in several."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from optuna.trial import Trial

from binrecon.checksums import check_file
from binrecon.config.schema import TrainConfig
from binrecon.config.sweep_words import PRUNER_WORDS
from binrecon.errors import BinreconError, OutputError, StudyError
from binrecon.json_file import read_object
from binrecon.masking import hide_text
from binrecon.sweep.evaluators import Report, Task
from binrecon.sweep.outcome import Outcome
from binrecon.sweep.place import Place
from binrecon.training.callbacks import RunWatch
from binrecon.training.prepare import check_bins, keep_bins, look_at_bins
from binrecon.training.run import train
from binrecon.training.run_folder import RunFolder
from binrecon.whole_file import write_json, write_text

TRIAL_FILE = "trial.json"
"""File in a trial's folder that names its study, for the processes that run it."""


class RunEvaluator:
    """Trains and tests a run for each trial.

    Args:
        config: Shared by all trials.
        place: Files and folders of the study.
        objectives: Metrics that are the values of a trial.
        study: Name, URL of the database or None, and pruner: the processes of a trial find it by these.
    """

    at_once = 1

    def __init__(
        self, config: TrainConfig, place: Place, objectives: Sequence[str], study: dict[str, str | None]
    ) -> None:
        self.config = config
        self.place = place
        self.objectives = objectives
        self.study = study

    def prepare(self, check: Callable[[str], None]) -> None:
        """Scan the bins, and store the result for the trials."""
        manifest, splits = look_at_bins(self.config)
        check_bins(self.config, manifest, splits)
        check(manifest.content_hash())
        keep_bins(RunFolder(self.place.prepared), self.config, manifest, splits)

    def run(self, tasks: Sequence[Task], report: Report) -> Iterator[tuple[Trial, Outcome]]:
        """Run trials one after another."""
        for task in tasks:
            yield task.trial, self._run_one(task, report)

    def _run_one(self, task: Task, report: Report) -> Outcome:
        folder = RunFolder(self.place.trials / f"{task.trial.number:04d}")
        folder.begin()
        # another process opens the trial with `Trial(study, trial_id)`; the public `number` opens none
        write_json(folder.path / TRIAL_FILE, {**self.study, "trial_id": task.trial._trial_id})
        watch = RunWatch(lambda epoch, metrics: report(task.trial, epoch, metrics))
        try:
            best = train(task.config, folder, task.words, watch, "binrecon.sweep.worker")
        except OutputError:
            raise  # the next trial could not write either
        except (BinreconError, RuntimeError, ValueError) as error:
            write_text(folder.error, hide_text(traceback.format_exc()))
            reason = f"{type(error).__name__}: {error}"
            return Outcome("failed", reason=reason, notes={"run": str(folder.path)})
        facts = folder.read_facts()
        notes = {"run": str(folder.path), "seconds": facts["seconds"]}
        if best is None:
            return Outcome("pruned", notes=notes)
        results = folder.read_results()
        metrics = {f"val/{name}": value for name, value in results["val"].items()}
        notes |= {"best_epoch": results["best_epoch"], "metrics": metrics}
        return Outcome("complete", tuple(metrics[name] for name in self.objectives), notes=notes)


def read_trial(folder: RunFolder) -> dict[str, Any]:
    """Read the study and trial of a run.

    Raises:
        StudyError: If they cannot be read.
    """
    path = folder.path / TRIAL_FILE
    check_file(path)
    try:
        content = read_object(path)
        if not all(isinstance(content.get(key), str) for key in ("study", "journal", "pruner")):
            raise ValueError("it has no study, journal or pruner")
        if not all(
            content.get(key) is None or isinstance(content[key], str) for key in ("storage", "objective")
        ):
            raise ValueError("storage and objective must be null or text")
        if not isinstance(content.get("trial_id"), int):
            raise ValueError("it has no trial_id")
        if content["pruner"] not in PRUNER_WORDS:
            raise ValueError(f"pruner must be one of {', '.join(PRUNER_WORDS)}")
    except (OSError, ValueError) as error:
        raise StudyError(
            f"'{path}' is no trial of a sweep ({error}); delete '{folder.path}', and go on with the sweep"
        ) from error
    return content
