from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from binrecon.config.schema import DataConfig
from binrecon.data.datamodule import BinDataModule
from binrecon.errors import ManifestError
from binrecon.manifest import CountRange, GroupedSplit, build_manifest
from binrecon.sources import LocalSource


def build(root: Path, **changes: object) -> BinDataModule:
    config = DataConfig(**{"image_size": 32, "batch_size": 16, "workers": 0, **changes})
    source = LocalSource(root)
    manifest = build_manifest(source, CountRange.of(config), GroupedSplit.of(config))
    return BinDataModule(source, manifest, config, seed=0)


def ids_of(loader: torch.utils.data.DataLoader) -> list[str]:
    return [bin_id for batch in loader for bin_id in batch.bin_ids]


def test_loaders__hold_each_split_once(tiny_bins: Path) -> None:
    data = build(tiny_bins)
    splits = [
        ids_of(loader()) for loader in (data.train_dataloader, data.val_dataloader, data.test_dataloader)
    ]
    assert sorted(bin_id for ids in splits for bin_id in ids) == [f"{n:05d}" for n in range(1, 121)]
    assert all(
        sorted(ids) == data.manifest.rows_of(name).bin_ids
        for ids, name in zip(splits, ("train", "val", "test"), strict=True)
    )


def test_train_dataloader__same_seed_same_photos_with_any_workers(tiny_bins: Path) -> None:
    batches = [next(iter(build(tiny_bins, workers=workers).train_dataloader())) for workers in (0, 2)]
    assert batches[0].bin_ids == batches[1].bin_ids
    assert torch.equal(batches[0].photos, batches[1].photos)


def test_train_dataloader__mirrors_only_if_asked(tiny_bins: Path) -> None:
    loader = build(tiny_bins, horizontal_flip=False).train_dataloader()
    assert {view for views in loader.sampler for view in views.views.tolist()} == {0}


def test_train_dataloader__balanced(tiny_bins: Path) -> None:
    data = build(tiny_bins, max_count=2, above_range="clip", balance="sampler")
    counts = torch.cat([batch.recorded_counts for batch in data.train_dataloader()])
    assert len(counts) == len(data.manifest.rows_of("train").bin_ids)
    assert torch.bincount(counts).float().std() < 1, "though four of six bins are clipped to 2"


def test_loaders__clip_labels(tiny_bins: Path) -> None:
    data = build(tiny_bins, max_count=3, above_range="clip")
    counts = torch.cat([batch.recorded_counts for batch in data.train_dataloader()])
    assert counts.max() == 3
    assert (counts == 3).sum() > (counts == 2).sum() * 1.5, "3, 4 and 5 together"


def test_val_dataloader__fewer_bins_than_processes(tiny_bins: Path) -> None:
    data = build(tiny_bins)
    data.trainer = SimpleNamespace(global_rank=0, world_size=100)
    with pytest.raises(
        ManifestError, match=r"val: \d+ bins cannot be shared by 100 processes; use more bins"
    ):
        data.val_dataloader()
