"""Preparation of a run: its bins, its model, its data module and its Lightning module."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from binrecon.checksums import is_there
from binrecon.config.regime_words import HEAD
from binrecon.config.schema import ModelConfig, TrainConfig
from binrecon.config.trainer_words import count_normalisers
from binrecon.console import get_console
from binrecon.data.balance import build_class_weights
from binrecon.data.datamodule import BinDataModule, check_share
from binrecon.features.datamodule import FeatureDataModule
from binrecon.manifest import (
    CountRange,
    Manifest,
    SplitRule,
    build_manifest,
    build_split_rule,
    check_trainable,
    count_coverage,
    count_leaks,
    describe_coverage,
    write_manifest,
)
from binrecon.manifest.labels import read_labels
from binrecon.models import BinCounter, build_counter
from binrecon.report.summary import manifest_table
from binrecon.sources.build import build_source
from binrecon.training.cached import count_parts, open_store, why_live
from binrecon.training.checkpoints.files import load_counter
from binrecon.training.checkpoints.position import read_position
from binrecon.training.feature_module import FeatureCountingModule
from binrecon.training.module import CountingModule
from binrecon.training.phases import phase_at, plan_phases
from binrecon.training.rules import check_batches, check_maps
from binrecon.training.run_folder import RunFolder


def counter_facts(config: TrainConfig) -> dict[str, Any]:
    """Return what `build_counter` is called with, besides weights and seed."""
    model: ModelConfig = config.model
    return {
        "backbone": model.backbone,
        "min_count": config.data.min_count,
        "max_count": config.data.max_count,
        "is_frozen": config.regime.is_frozen,
        "pooling": model.pooling,
        "head": asdict(config.head),
    }


def kept_facts(config: TrainConfig) -> dict[str, dict[str, Any]]:
    """Return what is kept with a checkpoint and holds for the whole of a run."""
    return {"counter": counter_facts(config), "regime": asdict(config.regime)}


def prepare_counter(config: TrainConfig, folder: RunFolder) -> BinCounter:
    """Build the model, the same for the same seed; from a checkpoint on, its weights come from there.

    It needs no bin, and writes nothing: what is wrong with the model is said before bins are looked at.

    Raises:
        ConfigError: If timm has no such backbone, or the regime cannot be planned for its stages.
        WeightsError: If the weights cannot be had or do not fit.
    """
    pl.seed_everything(config.seed, workers=True, verbose=False)
    if is_there(folder.last_checkpoint):
        counter = load_counter(folder.last_checkpoint).train()
    else:
        counter = build_counter(**counter_facts(config), weights=config.model.weights, seed=config.seed)
    plan_phases(config, counter.backbone.stages.names)
    return counter


def look_at_bins(config: TrainConfig) -> tuple[Manifest, SplitRule]:
    """Make the bins readable and look at every one that is new or has changed.

    Returns:
        What was found, and the rule that split it.
    """
    source = build_source(config.source)
    source.prepare()
    splits = build_split_rule(config.data)
    manifest = build_manifest(
        source,
        CountRange.of(config.data),
        splits,
        cache_root=Path(config.cache_dir) / "facts",
        source_identity=str(source.folder.resolve()),
        labels=_read_labels(config.data.labels),
    )
    return manifest, splits


def _read_labels(path: str | None) -> dict[str, int] | None:
    """Read what was counted, and say how much of it there is."""
    if path is None:
        return None
    labels = read_labels(Path(path).expanduser())
    get_console().print(f"{len(labels):,} counts from {path} stand in place of records", markup=False)
    return labels


def check_bins(config: TrainConfig, manifest: Manifest, splits: SplitRule) -> None:
    """Refuse bins that cannot be trained on as asked; nothing is written.

    Raises:
        ConfigError, ManifestError: If they cannot.
    """
    check_trainable(manifest, CountRange.of(config.data), splits)
    check_batches(
        config.head,
        sum(manifest.count_classes("train").values()),
        config.data.batch_size,
        count_normalisers(config.trainer),
        count_parts(config),
    )
    for split in dict.fromkeys(("val", manifest.judged_split)):  # now, not when the training has ended
        bins = sum(manifest.count_classes(split).values())
        check_share(split, bins, config.trainer.devices * config.trainer.nodes)


def bins_facts(manifest: Manifest, splits: SplitRule) -> dict[str, Any]:
    """Return what `run.json` says of the bins."""
    return {
        "manifest_hash": manifest.content_hash(),
        "split": asdict(count_coverage(manifest, splits)),
        "leaks": [asdict(leak) for leak in count_leaks(manifest)],
    }


def keep_bins(
    folder: RunFolder, config: TrainConfig, manifest: Manifest, splits: SplitRule, **facts: object
) -> None:
    """Write what several trainings share on the same bins, and show the bins.

    Args:
        folder: Where to.
        config: What the trainings share.
        manifest: The bins, checked.
        splits: The rule that split them.
        **facts: What else `run.json` says.
    """
    folder.write_config(config)
    write_manifest(manifest, folder.manifest)
    folder.update_facts(**facts, **bins_facts(manifest, splits))
    show_bins(manifest, splits)


def show_bins(manifest: Manifest, splits: SplitRule) -> None:
    """Show what was found of the bins."""
    console = get_console()
    console.print(manifest_table(manifest))
    for line in describe_coverage(manifest, splits):
        console.print(line, highlight=False)


def check_maps_in_training(config: TrainConfig, manifest: Manifest, counter: BinCounter) -> None:
    """Refuse batches and photos over which a backbone that is trained cannot normalise."""
    phases = plan_phases(config, counter.backbone.stages.names)
    if sizes := [phase.image_size for phase in phases if phase.first_stage != HEAD]:
        bins = sum(manifest.count_classes("train").values())
        share = count_normalisers(config.trainer), count_parts(config)
        check_maps(counter.backbone, min(sizes), bins, config.data.batch_size, *share)


def build_data(
    config: TrainConfig, folder: RunFolder, manifest: Manifest, counter: BinCounter
) -> BinDataModule:
    """Build what feeds the trainer: photos, or features that are kept."""
    position = read_position(folder.last_checkpoint)
    source = build_source(config.source)
    if why_live(config) is not None:
        phases = plan_phases(config, counter.backbone.stages.names)
        epochs = max(config.trainer.max_epochs, position.epoch + 1)  # of a finished run a batch is drawn too
        sizes = [phase_at(phases, epoch).image_size for epoch in range(epochs)]
        return BinDataModule(
            source, manifest, config.data, config.seed, position.epoch, config.trainer.accumulate, sizes,
            position.turn,
        )  # fmt: skip
    store = open_store(config, counter.backbone, folder.read_facts()["weights_hash"])
    return FeatureDataModule(
        source, manifest, config.data, config.seed, store, counter.backbone, position.epoch
    )


def build_module(config: TrainConfig, manifest: Manifest, counter: BinCounter) -> CountingModule:
    """Build what Lightning trains."""
    data, stages = config.data, counter.backbone.stages.names
    counts = train_counts(config, manifest)
    settings: dict[str, Any] = {
        "counter": counter,
        "optimizer": config.optimizer,
        "schedule": config.schedule,
        "loss": config.loss,
        "seed": config.seed,
        "steps_per_epoch": -(-len(counts) // data.batch_size),
        "class_weights": build_class_weights(data, counts),
        "phases": plan_phases(config, stages),
        "lr_factors": config.regime.lr_factors(stages),
        "facts": {
            **kept_facts(config),
            "optimizer": asdict(config.optimizer),
            "schedule": asdict(config.schedule),
            "loss": asdict(config.loss),
            "monitor": config.monitor,
        },
    }
    if why_live(config) is not None:
        return CountingModule(**settings)
    share = data.batch_size // (config.trainer.devices * config.trainer.nodes)
    return FeatureCountingModule(share, config.trainer.gradient_clip_norm, **settings)


def train_counts(config: TrainConfig, manifest: Manifest) -> Tensor:
    """Return the recorded counts of the training bins, limited to the range of classes, int64, shape (N,)."""
    recorded = manifest.select_rows("train", ["recorded_count"])["recorded_count"].to_pylist()
    return torch.tensor(CountRange.of(config.data).label_counts(recorded), dtype=torch.int64)
