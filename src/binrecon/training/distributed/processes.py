"""Several training processes on one machine, started from the run folder that one has prepared."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from binrecon.config.schema import TrainConfig
from binrecon.deadline import list_descendants
from binrecon.errors import EXIT_INTERRUPTED, TrainingError
from binrecon.training.run_folder import RunFolder


def start_processes(config: TrainConfig, folder: RunFolder, worker: str) -> None:
    """Run a module in one process per device under torchrun, and wait for its end.

    Args:
        config: Of the run.
        folder: Of the run, prepared.
        worker: The module; it is told the folder.

    Raises:
        TrainingError: If a process fails.
    """
    command = [
        sys.executable, "-m", "binrecon.training.distributed.launcher", str(os.getpid()), "--standalone",
        f"--nproc-per-node={config.trainer.devices}", "-m", worker, str(folder.path),
    ]  # fmt: skip
    status = _run_to_its_end(command)
    if status == EXIT_INTERRUPTED:
        raise TrainingError(
            f"one of {config.trainer.devices} training processes was stopped; go on with resume={folder.path}"
        )
    if status != 0:
        raise TrainingError(
            f"one of {config.trainer.devices} training processes failed with status {status}; "
            f"its error stands above. Once it is mended, go on with resume={folder.path}"
        )


def _run_to_its_end(command: Sequence[str]) -> int:
    """Run a command that starts processes of its own, and return its status; stopped, it stops them first."""
    with subprocess.Popen(command) as process:  # noqa: S603  # our own words and the run's folder
        try:
            return process.wait()
        except BaseException:
            process.terminate()  # torchrun passes that on, which it cannot when it is killed
            try:
                process.wait()
            except KeyboardInterrupt:  # told once more: at once, and nobody is left behind
                for child in (*list_descendants(process.pid), process.pid):
                    with suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
            raise
