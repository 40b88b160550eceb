"""How a run ends that is stopped from outside."""

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback


@contextmanager
def stopping_as_asked() -> Iterator[None]:
    """Let a stopped training end as what stopped it would: Lightning ends the process itself.

    After SIGTERM it does so with status 0, as if all were done.

    Raises:
        KeyboardInterrupt: After Ctrl-C or SIGTERM.
    """
    try:
        yield
    except SystemExit as error:
        raise KeyboardInterrupt from error


def run_to_its_end(command: Sequence[str]) -> int:
    """Run a command that starts processes of its own, and return its status; stopped, it stops them first."""
    with subprocess.Popen(command) as process:  # noqa: S603  # our own words and the run's folder
        try:
            return process.wait()
        except BaseException:
            process.terminate()  # torchrun passes that on, which it cannot when it is killed
            process.wait()
            raise


class PromptStop(Callback):
    """Ends one of several processes at once after SIGTERM.

    Lightning would tell the others first, in the middle of what they exchange, and all of them would wait
    until torchrun kills them half a minute later.
    """

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the place of Lightning's handler, which takes it back at the end."""

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        signal.signal(signal.SIGTERM, stop)
