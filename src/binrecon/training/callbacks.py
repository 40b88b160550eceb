"""Callbacks around training: progress, history of epochs, predictions."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytorch_lightning as pl
import torch
import torch.distributed as dist
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.trainer.states import TrainerFn
from rich.progress import Progress, TaskID
from torch import Tensor

from binrecon.console import build_progress, get_console
from binrecon.data import BinBatch
from binrecon.models.decoding import argmax_count, mean_count, median_count
from binrecon.whole_file import write_text, write_whole

_SHOWN = ("train/loss", "val/loss", "val/accuracy", "val/rmse")


class ConsoleProgress(Callback):
    """Shows how far training is, in photos per second and time left; without a terminal, a line per epoch."""

    def __init__(self) -> None:
        self.console = get_console()
        self.progress: Progress | None = None
        self.task: TaskID | None = None
        self.started = 0.0
        self.photos_seen = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the display, set to where the run stands."""
        self.started = time.monotonic()
        if not (trainer.is_global_zero and self.console.is_terminal):
            return
        photos = len(trainer.train_dataloader.dataset)  # type: ignore[union-attr]  # our datamodule has one loader
        self.progress = build_progress(self.console)
        self.task = self.progress.add_task(
            "training",
            total=photos * (trainer.max_epochs or 1),
            completed=int(photos * (trainer.current_epoch + _share_seen(trainer))),
            unit="photos",
            note="",
        )
        self.progress.start()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: BinBatch,
        batch_idx: int,
    ) -> None:
        """Count the photos of a batch, those of the other processes included."""
        photos = len(batch.bin_ids) * trainer.world_size
        self.photos_seen += photos
        if self.progress is not None and self.task is not None:
            self.progress.update(self.task, advance=photos)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say what the epoch brought."""
        if not trainer.is_global_zero:
            return
        done, total = trainer.current_epoch + 1, trainer.max_epochs or 1
        numbers = "  ".join(f"{name} {float(trainer.callback_metrics[name]):.4f}" for name in _SHOWN)
        if self.progress is not None and self.task is not None:
            self.progress.update(self.task, note=f"epoch {done}/{total}  {numbers}")
            return
        rate = self.photos_seen / (time.monotonic() - self.started)
        photos_left = (total - done) * len(trainer.train_dataloader.dataset)  # type: ignore[union-attr]  # as above
        eta_s = photos_left / rate
        self.console.print(f"epoch {done}/{total}  {numbers}  {rate:.0f} photos/s  eta {eta_s:.0f} s")

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the display, and say how long it took."""
        self._stop()
        if trainer.is_global_zero:
            seconds = time.monotonic() - self.started
            self.console.print(f"trained {trainer.current_epoch} epochs in {seconds:.1f} s")

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Close the display, so that the error can be read."""
        self._stop()

    def _stop(self) -> None:
        if self.progress is not None:
            self.progress.stop()
            self.progress = None


def _share_seen(trainer: pl.Trainer) -> float:
    """Return how much of its epoch a resumed run has trained on before; 0 between two epochs."""
    loop = trainer.fit_loop
    turns = loop.epoch_loop.batch_progress.current.ready if loop.restarted_mid_epoch else 0
    return turns / trainer.num_training_batches


class EpochHistory(Callback):
    """Keeps the numbers of every epoch, in each checkpoint too, so that a resumed run has them all.

    Args:
        path: CSV file to keep up to date, or None to keep the numbers in memory and checkpoints alone.
        listener: Is told of each new row, in the first process; None if nobody is.
    """

    def __init__(
        self, path: Path | None, listener: Callable[[Mapping[str, float]], None] | None = None
    ) -> None:
        self.path = path
        self.listener = listener
        self.rows: list[dict[str, float]] = []

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add the epoch that was just validated."""
        if trainer.state.fn != TrainerFn.FITTING:
            return
        numbers = {name: float(value) for name, value in sorted(trainer.callback_metrics.items())}
        lr = float(trainer.optimizers[0].param_groups[0]["lr"])
        self.rows.append({"epoch": trainer.current_epoch + 1, "lr": lr, **numbers})
        if not trainer.is_global_zero:
            return
        if self.path is not None:
            write_text(self.path, self.table().to_csv(index=False))
        if self.listener is not None:
            self.listener(self.rows[-1])

    def table(self) -> pd.DataFrame:
        """Return a row for each epoch: `epoch` counted from 1, the learning rate after it, all metrics."""
        return pd.DataFrame(self.rows)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the epochs before a checkpoint."""
        self.rows = list(state_dict["rows"])


class RunWatch(Callback):
    """Shows every epoch to somebody who may end the run: one process asks, all of them obey.

    Args:
        after_epoch: From the epoch, counted from 1, and its metrics to whether the run shall end; the first
            process asks, and what it hears after the last epoch changes nothing.

    Attributes:
        has_ended_run: Whether it has.
    """

    def __init__(self, after_epoch: Callable[[int, Mapping[str, float]], bool]) -> None:
        self.after_epoch = after_epoch
        self.has_ended_run = False

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Ask, and tell every process."""
        epoch = trainer.current_epoch + 1
        if trainer.state.fn != TrainerFn.FITTING:
            return
        shall_end = False
        if trainer.is_global_zero:
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            shall_end = self.after_epoch(epoch, metrics) and epoch < (trainer.max_epochs or epoch)
        if trainer.strategy.broadcast(shall_end):
            self.has_ended_run = True
            trainer.should_stop = True


class PredictionWriter(Callback):
    """Writes what was predicted for every bin of a pass: one Parquet table for each kind, sorted by bin.

    Of several processes the first one writes it, with what it hears from the others.

    Args:
        test_path: The file of what the model is judged on (`trainer.test`).
        val_path: That of the validation bins (`trainer.predict`).
        min_count: Count of the first class.
    """

    def __init__(self, test_path: Path, val_path: Path, min_count: int) -> None:
        self.test_path = test_path
        self.val_path = val_path
        self.min_count = min_count
        self.parts: list[pd.DataFrame] = []

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Tensor | Mapping[str, Any] | None,
        batch: BinBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the predictions of a batch."""
        self.parts.append(tabulate_predictions(batch, cast(Tensor, outputs), self.min_count))

    on_predict_batch_end = on_test_batch_end

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the table of the bins that are judged."""
        self._write(trainer, self.test_path)

    def on_predict_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the table of the validation bins."""
        self._write(trainer, self.val_path)

    def _write(self, trainer: pl.Trainer, path: Path) -> None:
        own, self.parts = pd.concat(self.parts), []
        tables: list[Any] | None = [own] * trainer.world_size if trainer.is_global_zero else None
        if trainer.world_size > 1:
            dist.gather_object(own, tables)
        if tables is not None:
            joined = pd.concat(tables).sort_values("bin_id")
            write_whole(path, joined.to_parquet(index=False))


def tabulate_predictions(batch: BinBatch, count_logits: Tensor, min_count: int) -> pd.DataFrame:
    """Tabulate a batch's predictions.

    Args:
        batch: B bins.
        count_logits: Shape (B, C).
        min_count: Count of the first class.

    Returns:
        A row per bin: `bin_id`, `recorded_count`, `predicted_count` (the likeliest), `median_count` and
        `count_mean` (of the distribution), and `p_N`, the probability of N items.
    """
    logits = count_logits.detach().float().cpu()
    probabilities = torch.softmax(logits, dim=1)
    columns = {
        "bin_id": list(batch.bin_ids),
        "recorded_count": batch.recorded_counts.cpu().numpy(),
        "predicted_count": argmax_count(logits, min_count).numpy(),
        "median_count": median_count(logits, min_count).numpy(),
        "count_mean": mean_count(logits, min_count).numpy(),
    }
    for index in range(probabilities.shape[1]):
        columns[f"p_{min_count + index}"] = probabilities[:, index].numpy()
    return pd.DataFrame(columns)
