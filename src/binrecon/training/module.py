"""Lightning module of a counter on photos."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import ModelParallelStrategy
from pytorch_lightning.trainer.states import TrainerFn
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer
from torchmetrics import MeanMetric, Metric

from binrecon.config.schema import LossConfig, OptimizerConfig, Phase, ScheduleConfig
from binrecon.data import BinBatch, FeatureBatch
from binrecon.errors import TrainingError
from binrecon.metrics import CountingMetrics
from binrecon.models import BinCounter
from binrecon.models.decoding import average_looks
from binrecon.models.losses.functional import weigh_classes
from binrecon.optim.build import build_optimizer, group_parameters
from binrecon.training.checkpoints.files import add_frozen_part, drop_frozen_part
from binrecon.training.distributed.sharding import shard_counter
from binrecon.training.phases import first_stage_ever, phase_at
from binrecon.training.rules import check_counts, describe_divergence, dropout_seed, seed_device
from binrecon.training.schedule import build_schedule


class SplitMetrics(nn.Module):
    """The metrics of one split over one epoch, exact over all processes.

    Args:
        min_count: Count of the first class.
        max_count: Count of the last class.
    """

    def __init__(self, min_count: int, max_count: int) -> None:
        super().__init__()
        self.loss = MeanMetric()
        self.counting = CountingMetrics(min_count, max_count)

    def update(self, loss: Tensor, count_logits: Tensor, recorded_counts: Tensor) -> None:
        """Add a batch: its mean loss, logits of shape (B, C) and recorded counts of shape (B,)."""
        self.loss.update(loss.detach(), weight=len(recorded_counts))
        self.counting.update(count_logits.detach(), recorded_counts)

    def finish(self) -> dict[str, Tensor]:
        """Return every logged metric by its name without the split, and start over."""
        scores = {"loss": self.loss.compute(), **self.counting.compute()}
        self.loss.reset()
        self.counting.reset()
        return scores

    def gather(self) -> dict[str, dict[str, Tensor]]:
        """Return what all processes together have summed up so far; each of them has to ask."""
        sums = {}
        for name, metric in self._parts().items():
            with metric.sync_context():
                sums[name] = {
                    key: torch.as_tensor(value).clone() for key, value in metric.metric_state.items()
                }
        return sums

    def take_up(self, sums: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Go on from what was summed up before."""
        for name, metric in self._parts().items():
            for key, value in sums[name].items():
                setattr(metric, key, value.to(metric.device))

    def _parts(self) -> dict[str, Metric]:
        return {"loss": self.loss, "counting": self.counting}


class CountingModule(pl.LightningModule):
    """Trains a counter, and measures it on each split.

    Args:
        counter: The model.
        optimizer: Steps that it is trained by.
        schedule: Their learning rates.
        loss: What training minimises.
        seed: Seed of what is random in the model while training (dropout).
        steps_per_epoch: Batches in an epoch.
        phases: What is trained in which epoch.
        lr_factors: What the learning rate of each stage of the backbone is multiplied by.
        facts: Plain values to keep in each checkpoint, enough to build the model again.
        class_weights: What the loss of a bin of each class is multiplied by, shape (C,); None for 1.
    """

    class_weights: Tensor | None

    def __init__(
        self,
        counter: BinCounter,
        optimizer: OptimizerConfig,
        schedule: ScheduleConfig,
        loss: LossConfig,
        seed: int,
        steps_per_epoch: int,
        phases: Sequence[Phase],
        lr_factors: Sequence[float],
        facts: dict[str, Any],
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.counter = counter
        self.optimizer_config = optimizer
        self.schedule_config = schedule
        self.bin_losses = loss.build()
        self.register_buffer("class_weights", class_weights, persistent=False)  # goes where the model goes
        self.seed = seed
        self.steps_per_epoch = steps_per_epoch
        self.phases = phases
        self.lr_factors = lr_factors
        counter.backbone.train_from(first_stage_ever(phases, counter.backbone.stages.names))
        self.splits = nn.ModuleDict(
            {
                f"{split}_metrics": SplitMetrics(counter.min_count, counter.max_count)
                for split in ("train", "val", "test")
            }  # not the bare words: a ModuleDict cannot hold `train`
        )
        self.save_hyperparameters(facts)

    def setup(self, stage: str) -> None:
        """Refuse data with other counts than the counter answers."""
        data = getattr(self.trainer, "datamodule", None)  # None where loaders are given
        if data is not None:
            check_counts(self.counter.counts, data.config)

    def configure_model(self) -> None:
        """Spread the counter over the processes, with trainer=fsdp."""
        if isinstance(self.trainer.strategy, ModelParallelStrategy):
            shard_counter(self.counter, self.trainer.strategy.device_mesh["data_parallel"])

    def forward(self, photos: Tensor) -> Tensor:
        """Compute count logits, shape (B, C), of uint8 photos, shape (B, 3, H, W)."""
        count_logits: Tensor = self.counter(photos)
        return count_logits

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave out a frozen backbone: it never changes, and is the most of it."""
        if self.counter.backbone.is_frozen:
            drop_frozen_part(checkpoint)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take a frozen backbone to be the one at hand."""
        if self.counter.backbone.is_frozen:
            add_frozen_part(checkpoint, self.state_dict())

    def on_train_start(self) -> None:
        """Train what the epoch says, which may have begun before."""
        self.counter.backbone.train_from(phase_at(self.phases, self.current_epoch).first_stage)

    def on_train_epoch_start(self) -> None:
        """Train what the epoch says."""
        phase = phase_at(self.phases, self.current_epoch)
        self.counter.backbone.train_from(phase.first_stage)
        if phase.begins_anew and self.current_epoch == phase.first_epoch:
            cast(Optimizer, self.optimizers(use_pl_optimizer=False)).state.clear()

    def on_train_batch_start(self, batch: BinBatch | FeatureBatch, batch_index: int) -> None:
        """Begin with random numbers that the place in training says, so that a resumed run draws the same."""
        self.seed_turn(batch_index)

    def seed_turn(self, turn: int) -> None:
        """Seed what is random in the model: for so many batches, or parts of them, into the epoch."""
        seed_device(dropout_seed(self.seed, self.current_epoch, self.global_rank, turn), self.device)

    def training_step(self, batch: BinBatch | FeatureBatch, batch_index: int) -> Tensor:
        """Return the loss of a batch."""
        loss, _ = self._step(batch, "train")
        return loss * batch.weight

    def validation_step(self, batch: BinBatch | FeatureBatch, batch_index: int) -> None:
        """Measure a batch."""
        self._step(batch, "val")

    def test_step(self, batch: BinBatch | FeatureBatch, batch_index: int) -> Tensor:
        """Measure a batch and return its count logits."""
        _, count_logits = self._step(batch, "test")
        return count_logits

    def predict_step(self, batch: BinBatch | FeatureBatch, batch_index: int) -> Tensor:
        """Return the count logits of a batch, and measure nothing."""
        return self._compute_logits(batch)

    def on_validation_epoch_end(self) -> None:
        """Log the epoch: validation comes last in it, so the training metrics are complete as well."""
        if self.trainer.state.fn == TrainerFn.FITTING:
            self._log_split("train")
        self._log_split("val")

    def on_test_epoch_end(self) -> None:
        """Log the test."""
        self._log_split("test")

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Build the optimizer of the trained parameters, and its schedule."""
        groups = group_parameters(self.counter.backbone, self.counter.head, self.lr_factors)
        optimizer = build_optimizer(self.optimizer_config, groups)
        schedule = build_schedule(
            self.schedule_config, optimizer, self.optimizer_config.lr, self.steps_per_epoch, self.phases
        )
        if schedule is None:
            return optimizer
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _step(self, batch: BinBatch | FeatureBatch, split: str) -> tuple[Tensor, Tensor]:
        count_logits = self._compute_logits(batch)
        loss = self.compute_loss(count_logits, batch.recorded_counts, split)
        if batch.weight:
            self.metrics_of(split).update(loss, count_logits, batch.recorded_counts)
        return loss, count_logits

    def _compute_logits(self, batch: BinBatch | FeatureBatch) -> Tensor:
        """Return count logits, shape (B, C); several looks at a bin are averaged."""
        if isinstance(batch, FeatureBatch):
            count_logits = self.counter.head(batch.features.float())
        else:
            count_logits = self(batch.photos)
        return average_looks(count_logits, len(batch.recorded_counts))

    def compute_loss(self, count_logits: Tensor, recorded_counts: Tensor, split: str) -> Tensor:
        """Compute the mean loss of a batch, shape ().

        Raises:
            TrainingError: If it is not finite.
        """
        recorded_classes = recorded_counts - self.counter.min_count
        losses = self.bin_losses(count_logits, recorded_classes)
        if self.class_weights is not None:
            losses = weigh_classes(losses, recorded_classes, self.class_weights)
        loss = losses.mean()
        if not torch.isfinite(loss):
            raise TrainingError(
                describe_divergence(split, loss.item(), self.current_epoch, self.optimizer_config.lr)
            )
        return loss

    def metrics_of(self, split: str) -> SplitMetrics:
        """Return the metrics of a split over the epoch at hand."""
        return cast(SplitMetrics, self.splits[f"{split}_metrics"])

    def _log_split(self, split: str) -> None:
        scores = self.metrics_of(split).finish()
        self.log_dict({f"{split}/{name}": score.float() for name, score in scores.items()})
