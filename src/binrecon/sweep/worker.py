"""One of several processes that run a trial together; the first of them reports every epoch to the study."""

import sys
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from types import UnionType

import optuna
from optuna.trial import Trial

from binrecon.deadline import WORKER_DEADLINE_S, ending_when_told
from binrecon.errors import EXIT_INTERRUPTED, EXIT_MISUSE, BinreconError
from binrecon.escaping import escape_controls
from binrecon.output_streams import prepare_streams
from binrecon.sweep.outcome import report_epoch
from binrecon.sweep.runs import read_trial
from binrecon.sweep.sampling import build_pruner, quieten_optuna
from binrecon.sweep.storage import using_storage
from binrecon.training.callbacks import RunWatch
from binrecon.training.run import fit_in_worker
from binrecon.training.run_folder import RunFolder

_TRIAL: dict[str, type | UnionType] = {
    "study": str, "storage": str | None, "journal": str, "pruner": str, "objective": str | None,
    "trial_id": int,
}  # fmt: skip
"""Keys of `trial.json`, and their types."""


def main() -> int:
    """Train; on an error that a user can fix, print it alone."""
    prepare_streams()
    folder = RunFolder(Path(sys.argv[1]))
    quieten_optuna()
    try:
        config = folder.read_config()
        with ending_when_told(WORKER_DEADLINE_S), ExitStack() as stack:
            fit_in_worker(folder, config, _build_watch(folder, config.trainer.max_epochs, stack))
    except BinreconError as error:
        sys.stderr.write(escape_controls(f"{type(error).__name__}: {error}\n"))
        return EXIT_MISUSE
    except KeyboardInterrupt:  # the parent process reports it
        return EXIT_INTERRUPTED
    return 0


def _build_watch(folder: RunFolder, max_epochs: int, stack: ExitStack) -> RunWatch:
    facts = read_trial(folder)

    @cache  # only rank 0 opens it
    def open_trial() -> Trial:
        study = optuna.load_study(
            study_name=facts["study"],
            storage=stack.enter_context(using_storage(facts["storage"], Path(facts["journal"]))),
            pruner=build_pruner(facts["pruner"], max_epochs),
        )
        return Trial(study, facts["trial_id"])

    return RunWatch(lambda epoch, metrics: report_epoch(open_trial(), facts["objective"], epoch, metrics))


if __name__ == "__main__":
    sys.exit(main())
