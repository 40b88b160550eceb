"""Batches for Lightning's trainer."""

from collections.abc import Sequence
from typing import TypeVar

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from binrecon.config.augment_words import TTA
from binrecon.config.schema import DataConfig
from binrecon.config.split_words import Split
from binrecon.data.batch import BinBatch, FeatureBatch
from binrecon.data.dataset import BatchDataset, BinDataset
from binrecon.data.sampler import EvaluationSampler, TrainSampler
from binrecon.data.transforms import VIEW_COUNT
from binrecon.data.workers import PREFETCH_FACTOR, WorkerLoader, begin_worker, share
from binrecon.errors import ManifestError
from binrecon.manifest import CountRange, Manifest
from binrecon.sources import Source

T = TypeVar("T")

Batch = BinBatch | FeatureBatch
Batches = DataLoader[Batch]


def keep(batch: T) -> T:
    """Leave a batch as it is; the loader's own way would look at every letter of every bin_id."""
    return batch


def check_share(split: Split, bin_count: int, process_count: int) -> None:
    """Refuse a split of which a process would have no bin.

    Raises:
        ManifestError: If it is too small.
    """
    if bin_count < process_count:
        raise ManifestError(
            f"{split}: {bin_count} bins cannot be shared by {process_count} processes; "
            f"use more bins, a larger data.{split}_fraction, or fewer trainer.devices"
        )


class BinDataModule(pl.LightningDataModule):
    """Feeds the bins of a manifest, split by split.

    Args:
        source: Where the photos are.
        manifest: Which bins there are, with their splits.
        config: Size of photos and batches, range of counts.
        seed: Seed of the training order and its flips.
        first_epoch: Epoch that training begins with, counted from 0. Lightning draws the first batches of a
            resumed run before it tells the sampler which epoch it is.
        first_turn: Parts of batches of that epoch that were trained on before.
        parts: Parts that a training batch is given out in.
        image_sizes: Side of the training photos in each epoch, in pixels; empty for that of `config`.
    """

    def __init__(
        self,
        source: Source,
        manifest: Manifest,
        config: DataConfig,
        seed: int,
        first_epoch: int = 0,
        parts: int = 1,
        image_sizes: Sequence[int] = (),
        first_turn: int = 0,
    ) -> None:
        super().__init__()
        self.source = source
        self.manifest = manifest
        self.config = config
        self.seed = seed
        self.first_epoch = first_epoch
        self.first_turn = first_turn
        self.parts = parts
        self.image_sizes = image_sizes
        self.evaluation_batch_size = config.batch_size

    def prepare_data(self) -> None:
        """Make the photos readable on this machine."""
        self.source.prepare()

    def train_dataloader(self) -> Batches:
        """Batches of the training bins, shuffled, mirrored at random if the config says so."""
        dataset = self.build_dataset("train")
        rank, world_size = self._place()
        sampler = TrainSampler(
            len(dataset),
            self.config.batch_size,
            self.config.horizontal_flip,
            self.seed,
            rank,
            world_size,
            self.config.augment,  # type: ignore[arg-type]  # checked by validate
            self.parts,
            self.image_sizes,
            dataset.recorded_counts if self.config.balance == "sampler" else None,
        )
        sampler.begin_at(self.first_epoch, self.first_turn)
        return self.build_loader(dataset, sampler)

    def val_dataloader(self) -> Batches:
        """Batches of the validation bins, each bin once."""
        return self._evaluation_loader("val")

    def test_dataloader(self) -> Batches:
        """Batches of the bins that the model is judged on, each bin once."""
        return self._evaluation_loader(self.manifest.judged_split)

    def predict_dataloader(self) -> Batches:
        """Batches of the validation bins, for what is fitted to a trained counter's predictions."""
        return self.val_dataloader()

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Move the tensors of a batch, and leave the rest alone as `keep` does."""
        parts = batch._asdict().items()
        moved = {name: part.to(device, non_blocking=True) for name, part in parts if torch.is_tensor(part)}
        return batch._replace(**moved)  # type: ignore[arg-type]  # only tensors are moved

    def _evaluation_loader(self, split: Split) -> Batches:
        dataset = self.build_dataset(split)
        rank, world_size = self._place()
        check_share(split, len(dataset), world_size)
        tta: TTA = self.config.tta  # type: ignore[assignment]  # checked by validate
        sampler = EvaluationSampler(len(dataset), self.evaluation_batch_size, rank, world_size, tta)
        return self.build_loader(dataset, sampler)

    def count_views(self, split: Split) -> int:
        """Count the views of which photos of a split may be looked at from, where they are not endless."""
        is_mirrored = self.config.horizontal_flip if split == "train" else self.config.tta == "flip"
        return VIEW_COUNT if is_mirrored else 1

    def build_dataset(self, split: Split) -> BatchDataset:
        """Build what turns views of a split into batches."""
        rows = self.manifest.rows_of(split)
        return BinDataset(
            self.source,
            rows.bin_ids,
            CountRange.of(self.config).label_counts(rows.recorded_counts),
            self.config.image_size,
            self.config.resize,
        )

    def _place(self) -> tuple[int, int]:
        """Return this process's rank and the number of processes; alone without a trainer."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer is not None else (0, 1)

    def build_loader(self, dataset: BatchDataset, sampler: TrainSampler | EvaluationSampler) -> Batches:
        """Build what feeds the trainer: here with processes that decode."""
        workers = self.config.workers
        return WorkerLoader(
            dataset,
            sampler=sampler,
            batch_size=None,  # a sample already is a batch
            collate_fn=share,
            num_workers=workers,
            worker_init_fn=begin_worker,
            persistent_workers=workers > 0,
            prefetch_factor=PREFETCH_FACTOR if workers else None,
            generator=torch.Generator(),  # else a loader draws from the global state that dropout uses
            pin_memory=self.trainer is not None
            and self.trainer.accelerator.__class__.__name__ == "CUDAAccelerator",
        )
