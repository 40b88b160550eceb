"""Every test runs offline, isolated and seeded."""

import os
from pathlib import Path

import pytest

REAL_BINS = Path(os.environ.get("BINRECON_ABID", Path(__file__).parents[1] / ".." / "shared" / "abid")).resolve()
"""Real photos with records, in the bucket's layout; never part of the repository (CC BY-NC-SA 3.0 US)."""


@pytest.fixture(autouse=True)
def _offline_and_isolated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, socket_disabled: None
) -> None:
    monkeypatch.setenv("BINRECON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("WANDB_MODE", "disabled")


@pytest.fixture(scope="session")
def real_squashed() -> Path:
    """3,028 real photos of 224 x 224 pixels with their records."""
    folder = REAL_BINS / "squashed224"
    if not folder.is_dir():
        pytest.skip(f"real photos are not at {folder}; set BINRECON_ABID to a folder that has squashed224/")
    return folder


@pytest.fixture(scope="session")
def real_originals() -> Path:
    """290 real photos as they lie in the bucket, with their records."""
    folder = REAL_BINS / "originals"
    if not folder.is_dir():
        pytest.skip(f"real photos are not at {folder}; set BINRECON_ABID to a folder that has originals/")
    return folder
