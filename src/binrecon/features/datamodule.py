"""Kept features for Lightning's trainer, computed first where they are missing."""

import time
from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import DataLoader, Sampler

from binrecon.config.schema import DataConfig
from binrecon.config.split_words import SPLITS, Split
from binrecon.console import get_console
from binrecon.data import BatchDataset, Views
from binrecon.data.datamodule import Batches, BinDataModule, keep
from binrecon.data.sampler import EvaluationSampler, TrainSampler
from binrecon.features.dataset import FeatureDataset
from binrecon.features.extract import extract_features
from binrecon.features.rows import RowKey
from binrecon.features.store import FeatureStore
from binrecon.manifest import CountRange, Manifest
from binrecon.models.backbone import Backbone
from binrecon.sources import Source

CHUNK_ROWS = 4096
"""Rows in a turn of Lightning's loop, which costs milliseconds, where a batch costs less than one."""


class FeatureDataModule(BinDataModule):
    """Feeds the features of a manifest's bins, in chunks of several batches.

    Batches, their order and their views are those of `BinDataModule` with the same seed.

    Args:
        source: Where the photos are.
        manifest: Which bins there are, with their splits.
        config: Size of photos and batches, range of counts.
        seed: Seed of the training order and its flips.
        store: Where the features are kept.
        backbone: The frozen network that makes them.
        first_epoch: Epoch that training begins with, counted from 0.

    Attributes:
        computed: Views that all processes together put through the backbone; None before `setup` has run.
    """

    def __init__(
        self,
        source: Source,
        manifest: Manifest,
        config: DataConfig,
        seed: int,
        store: FeatureStore,
        backbone: Backbone,
        first_epoch: int = 0,
    ) -> None:
        super().__init__(source, manifest, config, seed, first_epoch)
        self.store = store
        self.backbone = backbone
        self.evaluation_batch_size = CHUNK_ROWS
        self.computed: int | None = None

    def setup(self, stage: str) -> None:
        """Compute what is missing, on the trainer's device; several processes share the work."""
        if self.computed is not None:
            return
        started = time.monotonic()
        trainer = self.trainer
        computed = extract_features(
            self.store,
            self.backbone,
            self.source,
            self._find_missing(),
            self.config.workers,
            trainer.strategy.root_device if trainer is not None else None,
            is_quiet=trainer is not None and not trainer.is_global_zero,
        )
        if trainer is not None:
            share = torch.tensor(float(computed), device=trainer.strategy.root_device)
            computed = int(trainer.strategy.reduce(share, reduce_op="sum"))
        self.computed = computed
        if trainer is None or trainer.is_global_zero:
            seconds = time.monotonic() - started
            get_console().print(
                f"features: {computed} views computed in {seconds:.1f} s, kept in {self.store.folder}"
            )

    def build_dataset(self, split: Split) -> BatchDataset:
        """Build what turns views of a split into batches of features."""
        rows = self.manifest.rows_of(split)
        counts = CountRange.of(self.config).label_counts(rows.recorded_counts)
        return FeatureDataset(self.store, rows.photo_hashes, rows.bin_ids, counts, self.count_views(split))

    def build_loader(self, dataset: BatchDataset, sampler: TrainSampler | EvaluationSampler) -> Batches:
        """Build what feeds the trainer; gathering from memory needs no further process."""
        return DataLoader(
            dataset,
            sampler=ChunkSampler(sampler) if isinstance(sampler, TrainSampler) else sampler,
            batch_size=None,
            collate_fn=keep,
            generator=torch.Generator(),
        )

    def _find_missing(self) -> dict[RowKey, str]:
        """Map each photo and view that a split looks at, and the store has not, to a bin with the photo."""
        missing = {}
        for split in SPLITS:
            rows = self.manifest.rows_of(split)
            for view in range(self.count_views(split)):
                for place in np.flatnonzero(self.store.find_rows(rows.photo_hashes, view) < 0).tolist():
                    missing[RowKey(rows.photo_hashes[place], view)] = rows.bin_ids[place]
        return missing


class ChunkSampler(Sampler[Views]):
    """Several batches of a training sampler at a time, one behind the other.

    Every batch but the last of an epoch is of equal size, so they can be told apart again.

    Args:
        batches: Whose batches.
    """

    def __init__(self, batches: TrainSampler) -> None:
        self.batches = batches
        self.count = max(1, CHUNK_ROWS * batches.world_size // batches.batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next pass belongs to, counted from 0."""
        self.batches.set_epoch(epoch)

    def __len__(self) -> int:
        return -(-len(self.batches) // self.count)

    def __iter__(self) -> Iterator[Views]:
        batches = iter(self.batches)
        while chunk := [batch for _, batch in zip(range(self.count), batches, strict=False)]:
            yield Views(
                torch.cat([batch.rows for batch in chunk]),
                torch.cat([batch.views for batch in chunk]),
                weight=chunk[-1].weight,  # those before it are shared evenly
            )
