"""Everything that features depend on besides the bytes of a photo; any difference gives other features."""

import hashlib
import importlib.metadata
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from binrecon.config.schema import DataConfig
from binrecon.features.engine import EngineChoice
from binrecon.models.backbone import Backbone

FEATURES_VERSION = 3
"""To be raised with every change that changes a feature, or how features lie on disk."""


@dataclass(frozen=True)
class Fingerprint:
    """Names a set of features.

    Args:
        backbone: timm's name of the network.
        weights_hash: SHA-256 of its state.
        image_size: Side of the photos that it sees, in pixels.
        resize: How they get there.
        feature_count: Width F of the features.
        pooling: What is kept of the network's feature maps.
        engine: What runs the network.
        precision: Number format that it computes in.
        dtype: NumPy's name of the type that features are kept in.
        decoder: What decodes the photos, with its version.
        version: `FEATURES_VERSION`.
    """

    backbone: str
    weights_hash: str
    image_size: int
    resize: str
    feature_count: int
    pooling: str = "average"
    engine: str = "torch"
    precision: str = "float32"
    dtype: str = "float32"
    decoder: str = ""
    version: int = FEATURES_VERSION

    @classmethod
    def of(
        cls, backbone: Backbone, config: DataConfig, weights_hash: str, choice: EngineChoice, dtype: str
    ) -> Self:
        """Return the fingerprint of what comes out of a frozen backbone.

        Args:
            backbone: The network.
            config: What it sees.
            weights_hash: Of its state.
            choice: What runs it.
            dtype: What its features are kept in.
        """
        return cls(
            backbone=backbone.name,
            weights_hash=weights_hash,
            image_size=config.image_size,
            resize=config.resize,
            feature_count=backbone.feature_count,
            pooling=backbone.pooling,
            engine=choice.engine,
            precision=choice.precision,
            dtype=dtype,
            decoder=f"torchcodec-{importlib.metadata.version('torchcodec')}",
        )

    @property
    def key(self) -> str:
        """The name of the store's folder: readable in front, exact behind."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
        return f"{self.backbone}-{self.image_size}px-{self.engine}-{self.precision}-{digest[:16]}"


def read_fingerprint(folder: Path) -> Fingerprint | None:
    """Read the fingerprint of a store's folder; None if it has none that is the folder's own."""
    try:
        found = Fingerprint(**json.loads((folder / "fingerprint.json").read_text()))
        return found if found.key == folder.name else None
    except (OSError, ValueError, TypeError, RecursionError):
        return None
