"""The whole path on real photos; skipped, with a word, where there are none."""

import json
from pathlib import Path

import pandas as pd
import pytest

from binrecon.cli import main

SMALL = [
    "model=efficientnet_lite0",
    "data.image_size=64",
    "data.batch_size=64",
    "data.workers=0",
    "optimizer.lr=3e-3",
]


@pytest.mark.slow
def test_train__on_real_bins(real_squashed: Path, tmp_path: Path) -> None:
    """It learns, and not so well that bins must have leaked (frozen features reach 30 to 35 %)."""
    run = tmp_path / "run"
    words = [f"source.root={real_squashed}", *SMALL, "trainer.max_epochs=2", f"hydra.run.dir={run}"]
    assert main(["train", *words]) == 0
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["bins"]["usable"] == 3025
    assert metrics["bins"]["contradictory_record"] == 3
    assert metrics["baselines"]["majority"]["nll"] is None
    assert 0.2 < metrics["test"]["accuracy"] < 0.4
    losses = pd.read_csv(run / "metrics.csv")["train/loss"]
    assert losses.iloc[-1] < losses.iloc[0]


@pytest.mark.slow
def test_train__on_original_photos_of_every_size(real_originals: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = [
        f"source.root={real_originals}",
        *SMALL,
        "data=proposal",
        "data.resize=pad",
        "trainer.max_epochs=1",
    ]
    assert main(["train", *words, f"hydra.run.dir={run}"]) == 0
    manifest = pd.read_parquet(run / "manifest.parquet")
    assert len(manifest) == 290
    assert {"224", "00224"} <= set(manifest["bin_id"]), "two bins, not one"
    crossing = manifest.dropna(subset="split").groupby("group")["split"].nunique()
    assert crossing.max() == 1
