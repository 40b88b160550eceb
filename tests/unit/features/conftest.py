from collections.abc import Callable
from pathlib import Path

import pytest

from binrecon.features import FeatureStore, Fingerprint

MakeStore = Callable[..., FeatureStore]


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """Open a store of 2 views of 3 features."""

    def make(**changes: object) -> FeatureStore:
        values = {"backbone": "net", "weights_hash": "w", "image_size": 32, "resize": "squash"}
        return FeatureStore(
            tmp_path / "features",
            Fingerprint(**{**values, "view_count": 2, "feature_count": 3, **changes}),  # type: ignore[arg-type]
        )

    return make


def name_photos(count: int, first: int = 0) -> list[str]:
    """Hashes of photos, in their order."""
    return [f"{number:064d}" for number in range(first, first + count)]
