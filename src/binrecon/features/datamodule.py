"""Kept features for Lightning's trainer, computed first where they are missing."""

import time
from collections.abc import Iterator, Mapping

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
from binrecon.features.prepare import WantedViews, prepare_features
from binrecon.features.rows import RowKey
from binrecon.features.store import FeatureStore
from binrecon.features.table import FeatureTable
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
        self._table: FeatureTable | None = None

    def setup(self, stage: str) -> None:
        """Compute what is missing or damaged, on the trainer's device; several processes share the work."""
        if self._table is not None:
            return
        started = time.monotonic()
        trainer = self.trainer
        device = trainer.strategy.root_device if trainer is not None else None
        is_quiet = trainer is not None and not trainer.is_global_zero

        def compute(missing: Mapping[RowKey, str]) -> int:
            return extract_features(
                self.store, self.backbone, self.source, missing, self.config.workers, device, is_quiet
            )

        self._table, computed = prepare_features(self.store, self.list_wanted(), compute, is_quiet)
        if trainer is not None:
            local = torch.tensor(float(computed), device=trainer.strategy.root_device)
            computed = int(trainer.strategy.reduce(local, reduce_op="sum"))
        self.computed = computed
        if not is_quiet:
            seconds = time.monotonic() - started
            get_console().print(
                f"features: {computed} views computed in {seconds:.1f} s, kept in {self.store.folder}"
            )

    def build_dataset(self, split: Split) -> BatchDataset:
        """Build what turns views of a split into batches of features."""
        if self._table is None:
            raise RuntimeError("no features are open; call setup first")
        rows = self.manifest.rows_of(split)
        counts = CountRange.of(self.config).label_counts(rows.recorded_counts)
        return FeatureDataset(self._table, rows.photo_hashes, rows.bin_ids, counts, self.count_views(split))

    def build_loader(self, dataset: BatchDataset, sampler: TrainSampler | EvaluationSampler) -> Batches:
        """Build what feeds the trainer; gathering from memory needs no further process."""
        return DataLoader(
            dataset,
            sampler=ChunkSampler(sampler) if isinstance(sampler, TrainSampler) else sampler,
            batch_size=None,
            collate_fn=keep,
            generator=torch.Generator(),
        )

    def list_wanted(self) -> list[WantedViews]:
        """List the photos of every split with the views that they may be looked at from."""
        splits = ((self.manifest.rows_of(split), self.count_views(split)) for split in SPLITS)
        return [WantedViews(rows.photo_hashes, rows.bin_ids, views) for rows, views in splits]


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
