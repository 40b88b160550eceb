"""Measure how long `binrecon reconcile` takes where features are ready: `python measure.py [--bins N]`.

The bins are made up: tiny real JPEGs, each with its own bytes behind the end marker, and records of one
product. The counter is a frozen ResNet-50 with random weights and a linear head, trained on 300 of them; the
features of the others are drawn from theirs and put into its store. So nothing passes through the backbone,
everything is read and written as with real ones, and what comes out means nothing.

Each time is that of a process of its own, from its start to its end.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from binrecon.calibration import fit_calibration, write_calibration
from binrecon.config.compose import load_resolved
from binrecon.features import RowKey
from binrecon.reconcile.counting_run import open_run
from binrecon.training.cached import open_store

TRAINING_BINS = 300
REPEATS = 3


def make_bins(root: Path, count: int, first: int) -> None:
    """Write bins whose ids begin at a number."""
    for folder in ("bin-images", "metadata"):
        (root / folder).mkdir(parents=True)
    file = BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(256, size=(16, 24, 3), dtype=np.uint8)).save(
        file, "JPEG"
    )
    for number in range(first, first + count):
        (root / "bin-images" / f"{number:06d}.jpg").write_bytes(file.getvalue() + number.to_bytes(4, "big"))
        items = {
            "B": {"asin": f"B{number}", "name": "A thing of ninety letters " * 3, "quantity": number % 6}
        }
        record = {"BIN_FCSKU_DATA": items if number % 6 else {}, "EXPECTED_QUANTITY": number % 6}
        (root / "metadata" / f"{number:06d}.json").write_text(json.dumps(record))


def train(run: Path, bins: Path, cache: Path) -> None:
    """Train the counter, and calibrate it with made-up predictions."""
    words = [
        "model=resnet50", "model.weights=random", "data.image_size=32", "data.workers=0",
        "trainer.max_epochs=1", "features.engine=torch", "features.precision=float32",
        f"source.root={bins}", f"cache_dir={cache}", f"hydra.run.dir={run}",
    ]  # fmt: skip
    subprocess.run([sys.executable, "-m", "binrecon", "train", *words], check=True)
    rows = np.random.default_rng(0).dirichlet(np.ones(6), size=200)
    counts = np.arange(200) % 6
    calibration = fit_calibration(np.log(rows), counts, min_count=0, train_shares=np.full(6, 1 / 6))
    write_calibration(run / "calibration.json", calibration)


def fill_store(run: Path, bins: Path, cache: Path) -> None:
    """Put features of every photo into the run's store: those of training photos, a little changed."""
    opened = open_run(run, "cpu")
    config = load_resolved(run / "config.yaml")
    store = open_store(config, opened.counter.backbone, opened.folder.read_facts()["weights_hash"])
    known = np.asarray(store.open().features, np.float32)
    photos = sorted((bins / "bin-images").iterdir())
    keys = [RowKey(hashlib.sha256(photo.read_bytes()).hexdigest(), 0) for photo in photos]
    generator = np.random.default_rng(1)
    with store.fill(keys) as filling:
        for block in filling.undone_blocks:
            drawn = known[generator.integers(len(known), size=block.stop - block.start)]
            filling.write_block(block, drawn * generator.normal(1, 0.01, size=drawn.shape).astype(np.float32))


def reconcile(run: Path, bins: Path, cache: Path, out: Path) -> tuple[float, float]:
    """Run the command; return seconds from start to end, and the largest resident set in MiB."""
    # One picture in all bins: whatever differs at all is unlike the others, and would not be ranked.
    words = [
        f"checkpoint={run}",
        f"source.root={bins}",
        f"cache_dir={cache}",
        f"output_dir={out}",
        "workers=0",
        "quality.unlike=0",
    ]
    started = time.monotonic()
    child = subprocess.Popen([sys.executable, "-m", "binrecon", "reconcile", *words])
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"binrecon reconcile ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - started, usage.ru_maxrss / 1024


def measure(folder: Path, count: int) -> list[str]:
    """Make everything, and measure; return the rows of the table."""
    cache, run, bins = folder / "cache", folder / "run", folder / "bins"
    make_bins(folder / "training", TRAINING_BINS, first=900_000)
    make_bins(bins, count, first=0)
    train(run, folder / "training", cache)
    fill_store(run, bins, cache)
    first = reconcile(run, bins, cache, folder / "out")
    rows = [
        f"| first: photos are decoded, the run's own photos measured | {first[0]:.1f} | {first[1]:,.0f} |"
    ]
    for _ in range(REPEATS):
        shutil.rmtree(cache / "counts")
        seconds, memory = reconcile(run, bins, cache, folder / "out")
        rows.append(f"| features and facts ready | {seconds:.1f} | {memory:,.0f} |")
    seconds, memory = reconcile(run, bins, cache, folder / "out")
    rows.append(f"| again: counts ready too | {seconds:.1f} | {memory:,.0f} |")
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bins", type=int, default=50_000)
    count = parser.parse_args(arguments).bins
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder), count)
    print(f"| {count:,} bins | s | peak memory, MiB |\n|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
