from collections.abc import Callable
from pathlib import Path

import pytest

from binrecon.features import FeatureStore, Fingerprint, RowKey

MakeStore = Callable[..., FeatureStore]


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """Open a store of 3 features."""

    def make(**changes: object) -> FeatureStore:
        values = {"backbone": "net", "weights_hash": "w", "image_size": 32, "resize": "squash"}
        return FeatureStore(
            tmp_path / "features",
            Fingerprint(**{**values, "feature_count": 3, **changes}),  # type: ignore[arg-type]
        )

    return make


def name_photos(count: int, first: int = 0) -> list[str]:
    """Hashes of photos, in their order."""
    return [f"{number:064d}" for number in range(first, first + count)]


def name_rows(count: int, first: int = 0) -> list[RowKey]:
    """Rows of photos as they are, in their order."""
    return [RowKey(photo_hash, 0) for photo_hash in name_photos(count, first)]
