"""Training on kept features is training on photos, only faster."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch

from binrecon.cli import main
from binrecon.sources import LocalSource
from binrecon.sources.photo import decode_photo
from binrecon.training.checkpoints.files import load_counter


def train(*words: str) -> None:
    assert main(["train", *words]) == 0


def count_bins(output: str, split: str) -> int:
    """Read the last number of a split's row in the table of bins."""
    (row,) = (line for line in output.splitlines() if line.startswith(f"│ {split} "))
    return int(row.split("│")[-2])


def read_losses(run: Path) -> pd.DataFrame:
    return pd.read_csv(run / "metrics.csv").select_dtypes("number")


@pytest.mark.parametrize(
    "words",
    [
        ["optimizer=adam", "head.dropout=0.3"],
        ["optimizer=sgd", "head=mlp", "head.hidden_width=32", "loss=soft_labels"],
        ["optimizer=adam", "head=coral", "loss=cumulative", "data.balance=weights"],
        ["optimizer=adam", "head=corn", "loss=corn", "data.balance=sampler"],
        pytest.param(["optimizer=sgd"], marks=pytest.mark.slow),
        pytest.param(["optimizer=sgdr", "data.batch_size=50"], marks=pytest.mark.slow),
        pytest.param(["optimizer=adamw", "data.horizontal_flip=false"], marks=pytest.mark.slow),
    ],
)
@pytest.mark.usefixtures("without_plots")
def test_train__features_give_the_losses_of_photos(
    words: list[str], tiny_run: list[str], tmp_path: Path
) -> None:
    live, cached = tmp_path / "live", tmp_path / "cached"
    train(*tiny_run, *words, "features=live", f"hydra.run.dir={live}")
    train(*tiny_run, *words, "features=cached", f"hydra.run.dir={cached}")
    pd.testing.assert_frame_equal(read_losses(live), read_losses(cached), rtol=1e-5)
    tests = [json.loads((run / "metrics.json").read_text())["test"] for run in (live, cached)]
    assert tests[1] == pytest.approx(tests[0], rel=1e-5)


def test_train__second_run_computes_no_feature(
    tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(*tiny_run)
    first = capsys.readouterr().out
    assert f"features: {120 + count_bins(first, 'train')} views computed in" in first, "mirrored to train on"
    train(*tiny_run, "optimizer=sgd")  # another seed would be other random weights
    assert "features: 0 views computed in" in capsys.readouterr().out
    train(*tiny_run, "data.split_seed=1")
    third = capsys.readouterr().out
    computed = int(third.partition("features: ")[2].partition(" views")[0])
    assert 0 < computed < count_bins(third, "train"), "training bins that were none before are mirrored"


def test_train__says_why_it_runs_live(tiny_run: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    train(*tiny_run, "regime=full", "trainer.max_epochs=1")
    assert (
        "features: live (regime=full trains the backbone, so its features change)" in capsys.readouterr().out
    )


def test_train__checkpoint_predicts_from_photos_without_a_store(
    tiny_run: list[str], tiny_bins: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    train(*tiny_run, f"hydra.run.dir={run}")
    shutil.rmtree(tmp_path / "cache")
    counter = load_counter(run / "checkpoints" / "best.ckpt").eval()
    predictions = pd.read_parquet(run / "predictions.parquet")
    source = LocalSource(tiny_bins)
    from binrecon.data.transforms import squash

    photos = torch.stack([squash(decode_photo(source.read_photo(b)), 32) for b in predictions["bin_id"]])
    with torch.inference_mode():
        probabilities = counter(photos).softmax(1).numpy()
    expected = predictions[[f"p_{count}" for count in range(6)]].to_numpy()
    assert probabilities == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_features__list_verify_prune(
    tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(*tiny_run, "trainer.max_epochs=1")
    (store,) = (tmp_path / "cache" / "features").iterdir()
    capsys.readouterr()
    assert main(["features"]) == 0
    said = capsys.readouterr().out
    assert "1 feature store" in said
    assert "4 of 4 blocks" in " ".join(said.split())
    folded = [line.split("│")[1].strip() for line in said.splitlines() if line.startswith("│")]
    assert "".join(folded) == store.name
    assert main(["features", "verify"]) == 0
    assert "1 feature store, every block as it was written" in capsys.readouterr().out
    features = store / "features.bin"
    features.write_bytes(b"\xff" + features.read_bytes()[1:])
    assert main(["features", "verify"]) == 2
    assert f"1 blocks are not what was written: block 0 of {store.name}" in capsys.readouterr().err
    train(*tiny_run, "trainer.max_epochs=1")
    assert "features: 64 views computed" in capsys.readouterr().out
    assert main(["features", "prune"]) == 0
    assert store.exists()
    assert main(["features", "prune", "unused_days=0"]) == 0
    assert not store.exists()


def test_features__of_another_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = tmp_path / "cache" / "features" / "old"
    old.mkdir(parents=True)
    (old / "fingerprint.json").write_text('{"backbone": "net", "view_count": 2}')
    assert main(["features"]) == 0
    assert "1 more are of another version; prune removes them" in capsys.readouterr().out
    assert main(["features", "prune"]) == 0
    assert f"removed {old}" in capsys.readouterr().out
    assert not old.exists()


@pytest.mark.slow
def test_train__processes_together_fill_the_store_of_one(tiny_run: list[str], tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    train(*tiny_run, "trainer.max_epochs=1", f"cache_dir={alone}")
    train(*tiny_run, "trainer.max_epochs=1", "trainer=ddp_cpu", f"cache_dir={together}")
    (one,), (other,) = ((cache / "features").iterdir() for cache in (alone, together))
    for name in ("rows.parquet", "features.bin", "blocks.bin", "fingerprint.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
