"""Decision between cached features and live photos, and the store of the cached ones."""

from pathlib import Path

from binrecon.config.schema import TrainConfig
from binrecon.features import FeatureStore, Fingerprint, choose_engine
from binrecon.models.backbone import Backbone
from binrecon.training.hardware import choose_device


def why_live(config: TrainConfig) -> str | None:
    """Say why photos pass through the backbone in every epoch; None if kept features stand in for them."""
    if config.features.name == "live":
        return "features=live"
    if not config.regime.is_frozen:
        return f"regime={config.regime.name} trains the backbone, so its features change"
    for key, word in (("augment", config.data.augment), ("tta", config.data.tta)):
        if word == "side_on":
            return f"data.{key}=side_on looks at photos in endless ways"
    if config.trainer.ema_decay is not None:
        return "trainer.ema_decay averages the weights of every step"
    return None


def count_parts(config: TrainConfig) -> int:
    """Count the parts that a batch is computed in: a batch of kept features is small, and stays whole."""
    return config.trainer.accumulate if why_live(config) is not None else 1


def open_store(config: TrainConfig, backbone: Backbone, weights_hash: str) -> FeatureStore:
    """Open the store of what the head of a counter sees.

    Args:
        config: Of the run.
        backbone: The frozen network.
        weights_hash: Of its state.

    Raises:
        ConfigError: If the engine or its number format cannot be had on this machine.
    """
    wish = config.features
    choice = choose_engine(wish.engine, wish.precision, choose_device(config.trainer).type)
    fingerprint = Fingerprint.of(backbone, config.data, weights_hash, choice, wish.dtype)
    return FeatureStore(Path(config.cache_dir) / "features", fingerprint)
