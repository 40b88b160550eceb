"""Trials as heads that are trained side by side on cached features, a hundred of them in seconds."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from optuna.trial import Trial

from binrecon.config.schema import TrainConfig
from binrecon.config.search_space import SearchSpace
from binrecon.config.trainer_words import is_distributed
from binrecon.features.datamodule import FeatureDataModule
from binrecon.models import hash_state
from binrecon.sweep.evaluators import Report, Task
from binrecon.sweep.outcome import Outcome
from binrecon.sweep.trained_batches import TrainedTrial, read_batch, write_batch
from binrecon.training.cached import why_live
from binrecon.training.heads.learner import HeadTrial, TrainedHead
from binrecon.training.heads.many_heads import train_heads
from binrecon.training.prepare import (
    build_data,
    check_bins,
    keep_bins,
    look_at_bins,
    prepare_counter,
)
from binrecon.training.run_folder import RunFolder

_GROUPS = ("head", "loss", "optimizer", "schedule")
"""Config groups in which heads that are trained side by side may differ."""


def why_not_heads(config: TrainConfig, space: SearchSpace) -> str | None:
    """Return why each trial has to be a run of its own; None if heads can be trained side by side."""
    if (reason := why_live(config)) is not None:
        return reason
    others = [key for key in space if key.partition(".")[0] not in _GROUPS]
    if others:
        return f"{', '.join(others)} is searched, which heads side by side share"
    if config.trainer.accelerator != "cpu" or is_distributed(config.trainer):
        return f"trainer={config.trainer.name}"
    if config.trainer.gradient_clip_norm is not None:
        return "trainer.gradient_clip_norm"
    if config.callbacks.early_stopping_patience is not None:
        return "callbacks=early_stopping"
    return None


class HeadEvaluator:
    """Trains heads side by side, each as a run of its own would.

    Args:
        config: Shared by all trials: bins, backbone, epochs.
        folder: For the shared manifest and metadata.
        objectives: Metrics that are the values of a trial.
        at_once: Heads that are trained side by side.
        trained: Folder for batches that the study has not stored yet.
    """

    def __init__(
        self, config: TrainConfig, folder: RunFolder, objectives: Sequence[str], at_once: int, trained: Path
    ) -> None:
        self.config = config
        self.folder = folder
        self.objectives = objectives
        self.at_once = at_once
        self.trained = trained

    def prepare(self, check: Callable[[str], None]) -> None:
        """Scan the bins, and compute the features that are missing."""
        counter = prepare_counter(self.config, self.folder)
        manifest, splits = look_at_bins(self.config)
        check_bins(self.config, manifest, splits)
        check(manifest.content_hash())
        weights_hash = hash_state(counter.backbone)
        keep_bins(self.folder, self.config, manifest, splits, weights_hash=weights_hash)
        self._data = cast(FeatureDataModule, build_data(self.config, self.folder, manifest, counter))
        self._data.setup("fit")
        self._datasets = {split: self._data.build_dataset(split) for split in ("train", "val")}

    def run(self, tasks: Sequence[Task], report: Report) -> Iterator[tuple[Trial, Outcome]]:
        """Train heads side by side; yield their outcomes once all are trained and stored."""
        trials = [task.trial for task in tasks]
        if (trained := read_batch(self.trained, trials)) is not None:
            for trial, one in zip(trials, trained, strict=True):
                for epoch, row in one.epochs.items():
                    report(trial, epoch, row)
                yield trial, one.outcome
            return
        trained = self._train(tasks, report)
        path = write_batch(self.trained, trials, trained)
        yield from zip(trials, (one.outcome for one in trained), strict=True)
        path.unlink(missing_ok=True)

    def _train(self, tasks: Sequence[Task], report: Report) -> list[TrainedTrial]:
        started = time.monotonic()
        told: list[dict[int, Mapping[str, float]]] = [{} for _ in tasks]

        def tell(number: int, epoch: int, row: Mapping[str, float]) -> bool:
            told[number][epoch] = dict(row)
            return report(tasks[number].trial, epoch, row)

        def after_epoch(rows: Mapping[int, Mapping[str, float]]) -> list[int]:
            return [number for number, row in rows.items() if tell(number, int(row["epoch"]), row)]

        heads = train_heads(
            [
                HeadTrial(
                    task.config.head,
                    task.config.loss,
                    task.config.optimizer,
                    task.config.schedule,
                    task.config.seed,
                )
                for task in tasks
            ],
            self._datasets.__getitem__,
            self.config.data,
            self.config.trainer.max_epochs,
            self.config.monitor,
            after_epoch,
        )
        seconds = (time.monotonic() - started) / len(tasks)
        for number, head in enumerate(heads):
            if head.status == "finished":  # reports the last epoch too, as a run does: plots show every epoch
                tell(number, len(head.history), head.history[-1])
        return [
            TrainedTrial(task.trial.params, self._outcome(head, seconds), epochs)
            for task, head, epochs in zip(tasks, heads, told, strict=True)
        ]

    def _outcome(self, head: TrainedHead, seconds: float) -> Outcome:
        notes: dict[str, object] = {"seconds": round(seconds, 3), "epochs": len(head.history)}
        if head.best_epoch is not None:
            best = head.history[head.best_epoch - 1]
            notes |= {"best_epoch": head.best_epoch, "metrics": {k: v for k, v in best.items() if "/" in k}}
        if head.status == "finished" and head.best_epoch is not None:
            values = tuple(best[objective] for objective in self.objectives)
            return Outcome("complete", values, notes=notes)
        if head.status == "stopped":
            return Outcome("pruned", notes=notes)
        return Outcome("failed", reason=head.reason or "no epoch came to its end", notes=notes)
