"""Whether a run trains on kept features, and how it gets them."""

from pathlib import Path

from binrecon.config.schema import TrainConfig
from binrecon.config.split_words import Split
from binrecon.features import FeatureDataset, FeatureStore, Fingerprint, extract_features
from binrecon.manifest import CountRange, Manifest
from binrecon.models import BinCounter
from binrecon.sources.build import build_source


def why_live(config: TrainConfig) -> str | None:
    """Say why photos pass through the backbone in every epoch; None if kept features stand in for them."""
    if config.features == "live":
        return "features=live"
    if not config.model.is_frozen:
        return "the backbone is trained, so its features change"
    return None


def open_store(config: TrainConfig, counter: BinCounter, weights_hash: str) -> FeatureStore:
    """Open the store of what the head of a counter sees.

    Args:
        config: Of the run.
        counter: The model; its backbone may still wait for the weights of a checkpoint.
        weights_hash: Of the backbone's state with the right weights.
    """
    fingerprint = Fingerprint.of(counter.backbone, config.data, weights_hash)
    return FeatureStore(Path(config.cache_dir) / "features", fingerprint)


def complete_store(config: TrainConfig, counter: BinCounter, store: FeatureStore, manifest: Manifest) -> int:
    """Compute the features that the store lacks of a run's bins.

    Returns:
        How many photos were computed.
    """
    usable = manifest.table.filter(manifest.table["split"].is_valid())
    bins_by_photo = dict(zip(usable["photo_sha256"].to_pylist(), usable["bin_id"].to_pylist(), strict=True))
    source = build_source(config.source)
    return extract_features(store, counter.backbone, source, bins_by_photo, config.data.workers)


def build_dataset(
    config: TrainConfig, store: FeatureStore, manifest: Manifest, split: Split
) -> FeatureDataset:
    """Build the features of one split."""
    rows = manifest.rows_of(split)
    counts = CountRange.of(config.data).label_counts(rows.recorded_counts)
    return FeatureDataset(store, rows.photo_hashes, rows.bin_ids, counts)
