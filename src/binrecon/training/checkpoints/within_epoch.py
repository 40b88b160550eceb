"""Checkpoints within an epoch: every few minutes, and before a run ends that is stopped from outside."""

import contextlib
import math
import os
import signal
import threading
import time
from enum import IntEnum
from pathlib import Path
from typing import Any, cast

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.trainer.states import TrainerFn

from binrecon.training.checkpoints.position import STATE_KEY
from binrecon.training.distributed.place import Place
from binrecon.training.distributed.ranks import Ranks
from binrecon.training.module import CountingModule

_BEFORE_VALIDATION_S = 60.0
"""Time since the last checkpoint that is worth another one before validation, in which none is written."""


class Wish(IntEnum):
    """An action after a step; that of the process with the highest value is taken by all."""

    GO_ON = 0
    SAVE = 1
    STOP = 2
    REQUEUE = 3


_SIGNALS = {signal.SIGINT: Wish.STOP, signal.SIGTERM: Wish.STOP, signal.SIGUSR1: Wish.REQUEUE}

_STDERR = 2
_PATIENCE_ASKED = b"\nstopping after this step; Ctrl-C again stops at once\n"


class CheckpointWithinEpoch(Checkpoint):
    """Writes `last.ckpt` between two steps, when it is time and before a stopped run ends.

    After Ctrl-C and SIGTERM, and SIGUSR1 under srun, the step at hand is finished first. All processes agree
    after each step, so that they write, and end, after the same one, whichever of them was asked. While a run
    validates it ends at once, with a checkpoint that is at most a minute older than the last step. A second
    Ctrl-C ends it at once too; SIGTERM often comes more than once, from a group's leader and from torchrun.

    Args:
        path: The file, which a checkpoint at the end of an epoch replaces.
        every_minutes: Longest training between two checkpoints; None for any.
        settings: What says which batches an epoch has, to be kept with it.
        place: Of this process.
        ranks: All processes, where there are several.
    """

    def __init__(
        self,
        path: Path,
        every_minutes: float | None,
        settings: dict[str, Any],
        place: Place,
        ranks: Ranks | None,
    ) -> None:
        self.path = path
        self.every_s = None if every_minutes is None else every_minutes * 60
        self.settings = settings
        self.ranks = ranks
        self.signals = [signal.SIGINT, signal.SIGTERM]
        if place.starter == "srun":
            self.signals.append(signal.SIGUSR1)
        self.earlier: dict[int, Any] = {}
        self.asked = Wish.GO_ON  # by a signal
        self.is_ending = False
        self.saved_at = 0.0
        self.kept: dict[str, Any] = {}

    @property
    def state_key(self) -> str:
        """Return the name that its state has in checkpoints."""
        return STATE_KEY

    def state_dict(self) -> dict[str, Any]:
        """Return where within an epoch the run stands; nothing between two."""
        return self.kept

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the sums of an epoch that was begun."""
        self.kept = dict(state_dict)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Listen to signals, until Lightning puts back what it found; take up the sums of an epoch."""
        if self.kept and trainer.is_global_zero:  # they are those of all processes
            cast(CountingModule, pl_module).metrics_of("train").take_up(self.kept["sums"])
        self.kept = {}
        self.saved_at = time.monotonic()
        if threading.current_thread() is threading.main_thread():
            for number in (n for n in self.signals if signal.getsignal(n) != signal.SIG_IGN):
                self.earlier[number] = signal.signal(number, lambda number, _: self._hear(trainer, number))

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Write a checkpoint after a step of the optimizer, and end the run, if any process wishes it."""
        turn, turns = batch_idx + 1, int(trainer.num_training_batches)
        if turn % trainer.accumulate_grad_batches:
            return
        is_due = self._is_due(turn + trainer.accumulate_grad_batches == turns)
        wish = max(self.asked, Wish.SAVE if is_due else Wish.GO_ON)
        if self.ranks is not None:
            wish = Wish(self.ranks.find_highest(wish))
        self.is_ending = wish > Wish.SAVE
        if wish != Wish.GO_ON and turn < turns:  # after the last one Lightning would skip validation
            self._save(trainer, cast(CountingModule, pl_module), turn)
        if self.is_ending:
            self._end(wish)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Heed what was heard since the last step, not after validation."""
        if self.asked != Wish.GO_ON and trainer.state.fn == TrainerFn.FITTING:
            self._end(self.asked)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note that a checkpoint of the whole epoch is being written."""
        self.saved_at = time.monotonic()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Heed what was heard since the last step."""
        if self.asked != Wish.GO_ON:
            self._end(self.asked)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Heed what was heard since, before Lightning puts back the handlers that it found."""
        if stage == TrainerFn.FITTING and self.asked != Wish.GO_ON and not self.is_ending:
            self._end(self.asked)

    def _hear(self, trainer: pl.Trainer, number: int) -> None:
        if self.is_ending and number != signal.SIGINT:
            return
        is_impatient = number == signal.SIGINT and self.asked != Wish.GO_ON
        self.asked = max(self.asked, _SIGNALS[signal.Signals(number)])
        if trainer.validating or is_impatient:
            self._end(self.asked)
        if number == signal.SIGINT and trainer.is_global_zero:
            with contextlib.suppress(OSError):
                os.write(_STDERR, _PATIENCE_ASKED)  # print must not be called within a call of itself

    def _is_due(self, is_before_the_last: bool) -> bool:
        limit = math.inf if self.every_s is None else self.every_s
        if is_before_the_last:
            limit = min(limit, _BEFORE_VALIDATION_S)
        return time.monotonic() - self.saved_at >= limit

    def _save(self, trainer: pl.Trainer, module: CountingModule, turn: int) -> None:
        parts = trainer.accumulate_grad_batches
        self.kept = {
            "turn": turn,
            "step": turn // parts,
            "steps": math.ceil(int(trainer.num_training_batches) / parts),
            "settings": self.settings,
            "sums": module.metrics_of("train").gather(),
        }
        trainer.save_checkpoint(self.path)
        self.kept = {}
        self.saved_at = time.monotonic()

    def _end(self, wish: Wish) -> None:
        """End the run as whoever asked for it wants it.

        Raises:
            KeyboardInterrupt: Always.
        """
        self.is_ending = True
        put_back = self.earlier.get(signal.SIGUSR1)
        if wish == Wish.REQUEUE and callable(put_back):
            put_back(signal.SIGUSR1, None)
        raise KeyboardInterrupt
