from pathlib import Path

import pytest
import torch

from binrecon.config.schema import DataConfig
from binrecon.data.sampler import TrainSampler
from binrecon.features import FeatureStore, Fingerprint
from binrecon.features.datamodule import ChunkSampler, FeatureDataModule
from binrecon.features.engine import EngineChoice
from binrecon.manifest import CountRange, GroupedSplit, build_manifest
from binrecon.models import hash_state
from binrecon.models.backbone import build_backbone
from binrecon.sources import LocalSource


@pytest.mark.parametrize(("bins", "batch_size", "world_size"), [(100, 7, 1), (97, 8, 2), (5, 8, 1)])
def test_chunk_sampler__the_same_batches_one_behind_the_other(
    bins: int, batch_size: int, world_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("binrecon.features.datamodule.CHUNK_ROWS", 30)
    for rank in range(world_size):
        batches = TrainSampler(bins, batch_size, True, 0, rank, world_size)
        chunks = ChunkSampler(TrainSampler(bins, batch_size, True, 0, rank, world_size))
        batches.set_epoch(3)
        chunks.set_epoch(3)
        given = list(chunks)
        assert len(given) == len(chunks)
        for whole, part in (("rows", 0), ("views", 1)):
            expected = torch.cat([batch[part] for batch in batches])
            assert torch.equal(torch.cat([getattr(chunk, whole) for chunk in given]), expected)
        share = batch_size // world_size
        assert all(len(chunk.rows) % share == 0 for chunk in given[:-1])


def build(root: Path, cache: Path, **changes: object) -> FeatureDataModule:
    config = DataConfig(**{"image_size": 32, "batch_size": 16, "workers": 0, **changes})
    source = LocalSource(root)
    manifest = build_manifest(source, CountRange.of(config), GroupedSplit.of(config))
    torch.manual_seed(0)
    backbone = build_backbone("test_resnet.r160_in1k", "random")
    fingerprint = Fingerprint.of(
        backbone, config, hash_state(backbone), EngineChoice("torch", "float32"), "float16"
    )
    return FeatureDataModule(source, manifest, config, 0, FeatureStore(cache, fingerprint), backbone)


def test_setup__only_training_bins_are_mirrored(tiny_bins: Path, tmp_path: Path) -> None:
    data = build(tiny_bins, tmp_path)
    data.setup("fit")
    train = data.manifest.rows_of("train").photo_hashes
    assert data.computed == 120 + len(train)
    assert (data.store.open().find_rows(train, view=1) >= 0).all()
    assert (data.store.open().find_rows(data.manifest.rows_of("val").photo_hashes, view=1) < 0).all()


def test_setup__runs_with_and_without_flips_share_a_store(tiny_bins: Path, tmp_path: Path) -> None:
    plain = build(tiny_bins, tmp_path, horizontal_flip=False)
    plain.setup("fit")
    assert plain.computed == 120
    mirrored = build(tiny_bins, tmp_path)
    mirrored.setup("fit")
    assert mirrored.computed == len(mirrored.manifest.rows_of("train").bin_ids)
    assert mirrored.store.folder == plain.store.folder


def test_train_dataloader__batches_of_the_photos(tiny_bins: Path, tmp_path: Path) -> None:
    data = build(tiny_bins, tmp_path)
    data.setup("fit")
    (chunk,) = data.train_dataloader()
    batches = TrainSampler(len(chunk.bin_ids), 16, True, seed=0)
    ids = data.manifest.rows_of("train").bin_ids
    assert list(chunk.bin_ids) == [ids[row] for batch in batches for row in batch.rows.tolist()]
    assert chunk.features.dtype == torch.float16
