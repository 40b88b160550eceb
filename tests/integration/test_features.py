"""Training on kept features is training on photos, only faster."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from binrecon.cli import main
from binrecon.manifest.facts import FACTS_SCHEMA
from binrecon.manifest.facts_cache import FactsCache
from binrecon.reconcile.count_store import CountStore, PhotoCounts
from binrecon.sealed_file import SEAL_BYTES
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
    said = capsys.readouterr().out
    assert f"{store.name}: 4 of 4 blocks, as written" in said
    assert "1 feature store, everything as it was written" in said
    features = store / "features.bin"
    features.write_bytes(b"\xff" + features.read_bytes()[1:])
    assert main(["features", "verify"]) == 2
    said = capsys.readouterr()
    assert f"{store.name}: 1 of 4 blocks are not what was written: 0\n" in said.out
    assert said.err == (
        f"FeatureStoreError: 1 fault in '{tmp_path / 'cache'}', listed above; what is damaged is made anew by the "
        "next run that needs it. Check the disk\n"
    )
    train(*tiny_run, "trainer.max_epochs=1")
    assert "features: 64 views computed" in capsys.readouterr().out
    assert main(["features", "prune"]) == 0
    assert store.exists()
    assert main(["features", "prune", "unused_days=0"]) == 0
    assert not store.exists()


def test_features__of_another_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fields = {"backbone": "net", "view_count": 2}
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
    old = tmp_path / "cache" / "features" / f"net-{digest[:16]}"
    old.mkdir(parents=True)
    (old / "fingerprint.json").write_text(json.dumps(fields))
    assert main(["features"]) == 0
    assert "1 more are of another version; prune removes them" in capsys.readouterr().out
    assert main(["features", "verify"]) == 0
    assert "of another version, never read; prune removes it" in capsys.readouterr().out
    assert main(["features", "prune"]) == 0
    assert f"removed {old}" in capsys.readouterr().out
    assert not old.exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"[" * 100_000], ids=lambda one: str(one[:3]))
def test_features__damaged_fingerprint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    """A store is not overlooked because it does not say any more what it is."""
    store = tmp_path / "cache" / "features" / "net-32px-0123456789abcdef"
    store.mkdir(parents=True)
    for name in ("rows.parquet", "features.bin", "blocks.bin"):
        (store / name).write_bytes(b"something")
    (store / "fingerprint.json").write_bytes(content)
    assert main(["features"]) == 0
    assert "damaged" in capsys.readouterr().out
    assert main(["features", "verify"]) == 2
    said = capsys.readouterr()
    assert f"{store.name}: fingerprint.json is damaged, so nothing can be checked\n" in said.out
    assert "FeatureStoreError: 1 fault in" in said.err
    assert main(["features", "prune"]) == 0
    assert store.exists(), "a run that uses it mends it"
    assert main(["features", "prune", "unused_days=0"]) == 0
    assert not store.exists()


def overwrite(path: Path) -> None:
    path.write_bytes(b"\xff" * 200 + path.read_bytes()[200:])


def reverse_keys(path: Path) -> None:
    table = pq.read_table(pa.BufferReader(path.read_bytes()[:-SEAL_BYTES]))
    keys = table["key"].take(list(reversed(range(len(table)))))
    pq.write_table(table.set_column(0, "key", keys), path)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def blank(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        (overwrite, "features.bin"),
        (reverse_keys, "rows.parquet"),
        (cut, "features.bin"),
        (Path.unlink, "rows.parquet"),
        pytest.param(Path.unlink, "features.bin", marks=pytest.mark.slow),
        pytest.param(Path.unlink, "blocks.bin", marks=pytest.mark.slow),
        pytest.param(cut, "blocks.bin", marks=pytest.mark.slow),
        pytest.param(cut, "rows.parquet", marks=pytest.mark.slow),
        pytest.param(Path.unlink, "fingerprint.json", marks=pytest.mark.slow),
        pytest.param(blank, "fingerprint.json", marks=pytest.mark.slow),
    ],
)
@pytest.mark.usefixtures("without_plots")
def test_train__on_a_damaged_store_as_on_a_whole_one(
    damage: Callable[[Path], None],
    name: str,
    tiny_run: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    train(*tiny_run, f"hydra.run.dir={first}")
    (store,) = (tmp_path / "cache" / "features").iterdir()
    whole = {path.name: path.read_bytes() for path in store.iterdir()}
    damage(store / name)
    capsys.readouterr()
    train(*tiny_run, f"hydra.run.dir={again}")
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("feature store '")]
    assert len(said) == 1, said
    pd.testing.assert_frame_equal(read_losses(first), read_losses(again))
    assert {path.name: path.read_bytes() for path in store.iterdir()} == whole


def test_features__counts_and_facts_are_checked_and_pruned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    counts = CountStore(cache / "counts", "counter", 2)
    counts.add(pa.array(["hash"]), PhotoCounts(np.zeros((1, 2), np.float32), np.zeros(1, np.float32)))
    facts = FactsCache(cache / "facts", "here", with_records=True)
    facts.replace(FACTS_SCHEMA.empty_table())
    assert main(["features"]) == 0
    said = capsys.readouterr().out
    assert "counts: 1 folder, 0.0 MB, 0 days unused" in said
    assert "facts: 1 folder, 0.0 MB, 0 days unused" in said
    assert main(["features", "verify"]) == 0
    cut(facts.folder / "facts.parquet")
    capsys.readouterr()
    assert main(["features", "verify"]) == 2
    assert (
        f"facts/{facts.folder.name}: '{facts.folder / 'facts.parquet'}' does not end"
        in capsys.readouterr().out
    )
    assert main(["features", "verify"]) == 0, "what was damaged is removed"
    assert main(["features", "prune"]) == 0
    assert counts.folder.exists()
    os.utime(counts.folder, (time.time() - 40 * 86_400,) * 2)
    assert main(["features", "prune"]) == 0
    assert not counts.folder.exists()
    assert facts.folder.exists()
    os.utime(facts.folder, (time.time() - 40 * 86_400,) * 2)
    facts.load()
    assert main(["features", "prune"]) == 0
    assert facts.folder.exists(), "it has just been used"


@pytest.mark.slow
def test_train__two_runs_with_other_bins_at_once(tiny_run: list[str], tmp_path: Path) -> None:
    """Neither stops the other, and each ends as it would alone."""
    words = {
        f"seed_{seed}": [f"data.split_seed={seed}", f"data.train_share={1 - seed / 3}"] for seed in (0, 1)
    }
    slow = [sys.executable, "-c", SLOW_COMPUTING]
    running = [
        subprocess.Popen([*slow, "train", *tiny_run, *more, f"hydra.run.dir={tmp_path / name}"])
        for name, more in words.items()
    ]
    assert [process.wait(timeout=600) for process in running] == [0, 0]
    alone = tmp_path / "alone"
    train(*tiny_run, *words["seed_1"], f"hydra.run.dir={alone}", f"cache_dir={tmp_path / 'other'}")
    pd.testing.assert_frame_equal(read_losses(tmp_path / "seed_1"), read_losses(alone), rtol=1e-4)
    assert main(["features", "verify"]) == 0


SLOW_COMPUTING = """
import sys, time
from binrecon.cli import main
from binrecon.features import extract, row_table
row_table.BLOCK_ROWS = 4
build = extract.build_engine
def build_slow(*given):
    engine = build(*given)
    return lambda photos: (time.sleep(0.05), engine(photos))[1]
extract.build_engine = build_slow
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_train__processes_together_fill_the_store_of_one(tiny_run: list[str], tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    train(*tiny_run, "trainer.max_epochs=1", f"cache_dir={alone}")
    train(*tiny_run, "trainer.max_epochs=1", "trainer=ddp_cpu", f"cache_dir={together}")
    (one,), (other,) = ((cache / "features").iterdir() for cache in (alone, together))
    for name in ("rows.parquet", "features.bin", "blocks.bin", "fingerprint.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
