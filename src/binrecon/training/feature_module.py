"""Lightning module of a head on cached features: several batches in each step of Lightning's loop."""

from typing import cast

import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from binrecon.data import BinBatch, FeatureBatch
from binrecon.training.module import CountingModule
from binrecon.training.threads import use_threads


class FeatureCountingModule(CountingModule):
    """Trains on chunks of batches, as `FeatureDataModule` feeds them.

    A turn of Lightning's loop costs milliseconds, a batch of features a fraction of one. So a turn takes many
    batches, each with a step of optimizer and schedule, and what comes out is what single turns would give.

    Args:
        share: Rows of each batch that this process has; the last of an epoch may have fewer.
        clip_norm: Largest L2 norm of the gradient of a step; None for any.
        **others: As `CountingModule`.
    """

    def __init__(self, share: int, clip_norm: float | None = None, **others: object) -> None:
        super().__init__(**others)  # type: ignore[arg-type]  # passed on as they came
        self.share = share
        self.clip_norm = clip_norm
        self.turn = 0
        self.automatic_optimization = False

    def on_train_epoch_start(self) -> None:
        """Count the batches of the epoch."""
        super().on_train_epoch_start()
        self.turn = 0

    def training_step(self, chunk: FeatureBatch, chunk_index: int) -> None:  # type: ignore[override]  # no loss
        """Train on each batch of a chunk in turn."""
        with use_threads(1):
            self._train(chunk)

    def _step(self, batch: BinBatch | FeatureBatch, split: str) -> tuple[Tensor, Tensor]:
        with use_threads(1):
            return super()._step(batch, split)

    def _train(self, chunk: FeatureBatch) -> None:
        optimizer = cast(LightningOptimizer, self.optimizers())
        schedule = cast(LRScheduler | None, self.lr_schedulers())
        parts = (torch.split(whole, self.share) for whole in (chunk.features, chunk.recorded_counts))
        losses, logits, rows = [], [], 0
        for features, counts in zip(*parts, strict=True):
            self.seed_turn(self.turn)
            self.turn += 1
            count_logits = self.counter.head(features.float())
            loss = self.compute_loss(count_logits, counts, "train")
            rows += len(counts)
            weight = chunk.weight if rows == len(chunk.bin_ids) else 1.0
            optimizer.zero_grad()
            self.manual_backward(loss * weight)
            if self.clip_norm is not None:
                nn.utils.clip_grad_norm_(self.counter.head.parameters(), self.clip_norm)
            optimizer.step()
            if schedule is not None:
                schedule.step()
            if weight:
                losses.append(loss.detach() * len(counts))
                logits.append(count_logits.detach())
        if logits:
            seen = torch.cat(logits)
            mean_loss = torch.stack(losses).sum() / len(seen)
            self.metrics_of("train").update(mean_loss, seen, chunk.recorded_counts[: len(seen)])
