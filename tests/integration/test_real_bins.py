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


TINY = [
    "model=timm",
    "model.backbone=test_resnet.r160_in1k",
    "model.weights=random",
    "data.image_size=32",
    "data.batch_size=128",
    "data.workers=0",
    "trainer.max_epochs=1",
]


@pytest.mark.slow
def test_train__on_a_published_split(
    real_squashed: Path, real_lists: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """UNC kept no test bins: the run is judged on `val`, says so, and counts its leaks."""
    run = tmp_path / "run"
    words = [f"source.root={real_squashed}", f"lists_dir={real_lists}", "data.split=unc", *TINY]
    assert main(["train", *words, f"hydra.run.dir={run}"]) == 0
    said = capsys.readouterr().out
    assert "split unc: at hand and usable 2,713 of 324,735 train, 312 of 36,032 val bins (0.8 %)" in said
    assert "data.split=unc keeps no test bins: the epoch was chosen by these same bins" in said
    metrics = json.loads((run / "metrics.json").read_text())
    assert (metrics["judged_split"], metrics["test"]) == ("val", None)
    facts = json.loads((run / "run.json").read_text())
    assert facts["split"]["listed"] == {"train": 324_735, "val": 36_032}
    (leak,) = facts["leaks"]
    assert leak["related_bins"] > leak["bins"] / 3  # a random split of before/after photos leaks


@pytest.mark.slow
def test_train__with_counts_from_the_lists_alone(
    real_squashed: Path, real_lists: Path, tmp_path: Path
) -> None:
    """A folder of photos without a single record."""
    bins = tmp_path / "bins"
    bins.mkdir()
    (bins / "bin-images").symlink_to(real_squashed / "bin-images")
    run = tmp_path / "run"
    words = [f"source.root={bins}", f"lists_dir={real_lists}", "data.split=stanford_all", *TINY]
    assert main(["train", *words, "data.counts_from=lists", f"hydra.run.dir={run}"]) == 0
    from_lists = pd.read_parquet(run / "manifest.parquet").set_index("bin_id")["recorded_count"]
    for bin_id in ("00004", "00523", "04500"):
        record = json.loads((real_squashed / f"metadata/{bin_id}.json").read_text())
        assert from_lists[bin_id] == record["EXPECTED_QUANTITY"]
