"""Measure head training over simulated features: `python scale.py TRAIN_BINS [EPOCHS]`.

The features are random, since time and memory do not depend on their values; store, manifest, data module,
training module and trainer are those of `python train.py` with `model=resnet50 optimizer=adam`. One view of
each photo, as without flips; a tenth as many bins validate. Prints a line of JSON.
"""

import hashlib
import json
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.schema import TrainConfig
from binrecon.features import FeatureStore, RowKey
from binrecon.manifest import Manifest, write_manifest
from binrecon.manifest.schema import SCHEMA
from binrecon.models import BinCounter, build_counter
from binrecon.training.cached import open_store
from binrecon.training.callbacks import RunWatch
from binrecon.training.legs import begin_leg
from binrecon.training.run import fit
from binrecon.training.run_folder import RunFolder, collect_facts

WEIGHTS_HASH = "simulated"


class MemoryWatch(threading.Thread):
    """Samples the memory of this process: anonymous, and that of mapped files, in MiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = {"RssAnon": 0, "RssFile": 0}

    def run(self) -> None:
        """Look ten times a second."""
        while True:
            for line in Path("/proc/self/status").read_text().splitlines():
                name = line.partition(":")[0]
                if name in self.peak:
                    self.peak[name] = max(self.peak[name], int(line.split()[1]) // 1024)
            time.sleep(0.1)


def simulate_manifest(train_bins: int) -> Manifest:
    """Invent bins with counts from 0 to 5; every eleventh validates."""
    bins = train_bins + train_bins // 10
    hashes = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(bins)]
    ids = [f"{number:07d}" for number in range(bins)]
    splits = ["val" if number % 11 == 10 else "train" for number in range(bins)]
    columns = {
        "bin_id": ids,
        "recorded_count": np.random.default_rng(0).integers(6, size=bins).astype(np.int32),
        "photo_sha256": hashes,
        "group": ids,
        "split": splits,
        "status": ["usable"] * bins,
    }
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(bins, field.type)
        for field in SCHEMA
    ]
    return Manifest(pa.table(arrays, schema=SCHEMA))


def simulate_store(store: FeatureStore, manifest: Manifest) -> None:
    """Fill a store with random features."""
    keys = [RowKey(photo_hash, 0) for photo_hash in manifest.table["photo_sha256"].to_pylist()]
    rng = np.random.default_rng(0)
    with store.fill(keys) as filling:
        for block in filling.undone_blocks:
            rows = block.stop - block.start
            filling.write_block(block, rng.random((rows, store.fingerprint.feature_count), np.float32))


def measure(train_bins: int, epochs: int, root: Path) -> dict[str, object]:
    """Train for some epochs; return seconds and memory."""
    config: TrainConfig = to_typed(
        compose_config(
            "train",
            ["source=local", f"source.root={root}", "model=resnet50", "model.weights=random",
             "data.horizontal_flip=false", "features.engine=torch", "features.precision=float32",
             f"trainer.max_epochs={epochs + 1}", f"cache_dir={root / 'cache'}"],
        )
    )  # fmt: skip
    counter: BinCounter = build_counter("resnet50.tv_in1k", 0, 5, weights="random")
    store = open_store(config, counter.backbone, WEIGHTS_HASH)
    if not store.folder.exists():  # in a process of its own, whose memory is not counted
        simulate_store(store, simulate_manifest(train_bins))
        return {}
    folder = RunFolder(root / "run")
    folder.write_config(config)
    write_manifest(simulate_manifest(train_bins), folder.manifest)
    facts = collect_facts([], [], config.seed)
    legs = begin_leg([], facts["started"], folder.last_checkpoint, config)
    folder.update_facts(**facts, legs=legs, weights_hash=WEIGHTS_HASH)
    watch = MemoryWatch()
    watch.start()
    started = time.monotonic()
    watch_epochs = RunWatch(lambda epoch, metrics: epoch == epochs)  # there are no photos to report on
    fit(config, folder, counter, watch_epochs)
    return {
        "train_bins": train_bins,
        "width": counter.backbone.feature_count,
        "epochs": epochs,
        "seconds": round(time.monotonic() - started, 1),
        "features_MiB": (store.folder / "features.bin").stat().st_size >> 20,
        "rss_anon_MiB": watch.peak["RssAnon"],
        "rss_file_MiB": watch.peak["RssFile"],
        "threads": torch.get_num_threads(),
    }


def main() -> None:
    """Make the features, then measure in a fresh process."""
    train_bins, epochs, *rest = *map(int, sys.argv[1:3]), *sys.argv[3:]
    if rest:
        sys.stdout.write(f"{json.dumps(measure(train_bins, epochs, Path(rest[0])))}\n")
        return
    import subprocess

    root = Path(tempfile.mkdtemp(prefix="scale-"))
    try:
        for _ in range(2):
            subprocess.run([sys.executable, __file__, *sys.argv[1:3], str(root)], check=True)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
