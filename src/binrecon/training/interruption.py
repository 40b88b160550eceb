"""Handling of signals that stop a run."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from binrecon.console import get_console
from binrecon.training.checkpoints.position import read_position
from binrecon.training.distributed.place import Place


@contextmanager
def stopping_as_asked(last: Path, place: Place) -> Iterator[None]:
    """Say what a stopped training keeps, and end as what stopped it would: Lightning ends the process itself.

    After SIGTERM it does so with status 0, as if all were done.

    Args:
        last: Its last checkpoint, if there is one.
        place: Of this process.

    Raises:
        KeyboardInterrupt: After Ctrl-C or SIGTERM.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as error:
        if place.is_first:
            kept = (
                f"{last.name} holds {read_position(last)}"
                if last.exists()
                else "no checkpoint was written yet"
            )
            get_console().print(f"stopped; {kept}", highlight=False)
        raise KeyboardInterrupt from error


@contextmanager
def requeueing(place: Place) -> Iterator[None]:
    """Put a Slurm job back into the queue when its time is up: its tasks get SIGUSR1 (`--signal=USR1@120`).

    The job, started again, goes on from its last checkpoint.

    Args:
        place: Of this process; nothing is done where srun did not start it.

    Raises:
        KeyboardInterrupt: After the signal.
    """

    def stop(*_: object) -> None:
        if place.is_first:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # srun's, once another task has ended
            said = subprocess.run(["scontrol", "requeue", _job_to_requeue()], check=False)  # noqa: S603, S607  # Slurm's own
            get_console().print(
                "SIGUSR1: the job was put back into the queue and will go on from its last checkpoint"
                if said.returncode == 0
                else f"SIGUSR1: scontrol requeue failed with status {said.returncode}; submit the job again"
            )
        raise KeyboardInterrupt

    if place.starter != "srun":
        yield
        return
    earlier = signal.signal(signal.SIGUSR1, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, earlier)


def _job_to_requeue() -> str:
    """Return the id of this job; a task of an array has one of two parts."""
    if "SLURM_ARRAY_JOB_ID" in os.environ:
        return f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    return os.environ["SLURM_JOB_ID"]


class PromptStop(Callback):
    """Ends one of several processes that train on kept features at once after SIGTERM.

    Lightning would tell the others first, in the middle of what they exchange, and all of them would wait
    until torchrun kills them half a minute later.
    """

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the place of Lightning's handler, which takes it back at the end."""

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        signal.signal(signal.SIGTERM, stop)
