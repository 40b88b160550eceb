"""The loop of a worker: draw trials, run them, report their outcomes, until the budget is spent."""

import time
from collections.abc import Callable, Mapping

from optuna.trial import Trial

from binrecon.config.schema import TrainConfig
from binrecon.config.search_space import Value
from binrecon.console import get_console
from binrecon.errors import ConfigError
from binrecon.sweep.evaluators import Evaluator, Task
from binrecon.sweep.outcome import Outcome, best_trials, report_epoch
from binrecon.sweep.study import SweepStudy
from binrecon.sweep.workers import Worker

POLL_S = 1.0
"""Interval between two checks of the other workers, in seconds."""

Compose = Callable[[Mapping[str, Value]], tuple[TrainConfig, list[str]]]
"""From the values of a trial to its configuration, and the overrides that compose it."""


def run_trials(study: SweepStudy, evaluator: Evaluator, compose: Compose) -> int:
    """Run trials until the budget is spent and no worker is running a trial.

    Args:
        study: The study.
        evaluator: Runs the trials.
        compose: Composes their configuration; raises ConfigError if it is invalid.

    Returns:
        Number of trials that this worker ran.

    Raises:
        StudyError: If too many fail.
    """
    console = get_console()
    started, ran, is_waiting = time.monotonic(), 0, False
    with Worker(study.optuna, study.keys) as worker:
        while True:
            if lost := worker.take_over():
                numbers = ", ".join(map(str, lost))
                console.print(f"trials of a worker that died are run again: {numbers}", highlight=False)
            if trials := study.ask(worker, evaluator.at_once):
                _run_batch(study, evaluator, compose, trials)
                ran += len(trials)
                console.print(_describe(study, (time.monotonic() - started) / ran), highlight=False)
                study.check_failures()
                is_waiting = False
            elif unfinished := study.count_states()["running"] + study.count_unreplaced():
                if not is_waiting:
                    console.print(f"waiting for {unfinished} trials of other workers", highlight=False)
                is_waiting = True
                time.sleep(POLL_S)
            else:
                return ran


def _run_batch(study: SweepStudy, evaluator: Evaluator, compose: Compose, trials: list[Trial]) -> None:
    tasks = []
    for trial in trials:
        try:
            tasks.append(Task(trial, *compose(trial.params)))
        except ConfigError as error:
            study.tell(trial, Outcome("failed", reason=str(error)))
    if not tasks:
        return
    outcomes = evaluator.run(
        tasks, lambda trial, epoch, metrics: report_epoch(trial, study.pruned_by, epoch, metrics)
    )
    for trial, outcome in outcomes:
        study.tell(trial, outcome)


def _describe(study: SweepStudy, seconds_each: float) -> str:
    """Print the progress of the study."""
    counts = study.count_states()
    ended = sum(counts[state] for state in ("complete", "pruned", "fail"))
    total = study.total
    parts = [f"{ended}{'' if total is None else f'/{total}'} trials"]
    parts.append(f"{counts['complete']} complete, {counts['pruned']} pruned, {counts['fail']} failed")
    if best := best_trials(study.optuna, study.list_results()):
        named = zip(study.settings.objectives, best[0].values, strict=True)
        values = ", ".join(f"{name} {value:.4f}" for name, value in named)
        parts.append(f"best {values} (trial {best[0].number})")
    if total is not None:
        parts.append(f"{seconds_each:.2f} s each, eta {max(0, total - ended) * seconds_each:.0f} s")
    return "  ".join(parts)
