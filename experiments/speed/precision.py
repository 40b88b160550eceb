"""Measure what engine, number format and kept type do to metrics: `python precision.py FOLDER [SIZE]`.

EfficientNet-Lite0 with its ImageNet weights. For each variant all features are computed, heads trained with
three optimizers and ten seeds, and validation metrics of the best epoch are compared with those of the
first variant, seed by seed. The spread over seeds of that reference says how much is noise.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.parts import find_part
from binrecon.features import FeatureStore, Fingerprint
from binrecon.features.datamodule import FeatureDataModule
from binrecon.features.engine import EngineChoice
from binrecon.manifest import CountRange, Manifest, build_manifest, build_split_rule
from binrecon.models import hash_state
from binrecon.models.backbone import build_backbone
from binrecon.models.heads.linear import LinearHeadConfig
from binrecon.models.losses.cross_entropy import CrossEntropyConfig
from binrecon.optim.optimizers.adam import AdamConfig
from binrecon.optim.optimizers.sgd import SGDConfig
from binrecon.optim.optimizers.sgdr import SGDRConfig
from binrecon.sources import LocalSource
from binrecon.training.heads.learner import HeadTrial
from binrecon.training.heads.many_heads import train_heads

BACKBONE = "tf_efficientnet_lite0.in1k"
SEEDS = 10
EPOCHS = 20
OPTIMIZERS = {
    "sgd": SGDConfig(lr=0.01, weight_decay=1e-2),
    "sgdr": SGDRConfig(lr=0.008),
    "adam": AdamConfig(lr=1e-3),
}
"""As `optimizer=` has them; each with its own schedule."""
VARIANTS = (
    ("openvino", "float32", "float32"),
    ("openvino", "float32", "float16"),
    ("openvino", "int8", "float16"),
    ("torch", "float32", "float32"),
    ("torch", "bfloat16", "float16"),
    ("openvino", "bfloat16", "float16"),
)
METRICS = ("accuracy", "macro_f1", "rmse", "nll")


def collect(store: FeatureStore, manifest: Manifest) -> np.ndarray:
    """Return the features of all validation bins as they are, in float32."""
    table = store.open()
    rows = table.find_rows(manifest.rows_of("val").photo_hashes, view=0)
    return np.asarray(table.features[rows], np.float32)


def main() -> None:
    """Measure every variant."""
    folder, size = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "224"
    data = to_typed(compose_config("train", ["source=synthetic", f"data.image_size={size}"])).data
    backbone = build_backbone(BACKBONE)
    source = LocalSource(folder)
    manifest = build_manifest(source, CountRange.of(data), build_split_rule(data))
    trials = [
        HeadTrial(
            LinearHeadConfig(dropout=0.0),
            CrossEntropyConfig(label_smoothing=0.0),
            optimizer,
            find_part("schedule", optimizer.default_schedule)(),
            seed,
        )
        for optimizer in OPTIMIZERS.values()
        for seed in range(SEEDS)
    ]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    settings = {
        "backbone": BACKBONE,
        "size": int(size),
        "seeds": SEEDS,
        "epochs": EPOCHS,
        "commit": commit.stdout.strip(),
        "train": len(manifest.rows_of("train").bin_ids),
        "val": len(manifest.rows_of("val").bin_ids),
    }
    path = Path(__file__).with_name("precision.json")
    results: dict[str, dict[str, object]] = {}
    reference: dict[str, np.ndarray] = {}
    exact = np.zeros(0)
    with tempfile.TemporaryDirectory(prefix="precision-") as work:
        for engine, precision, dtype in VARIANTS:
            choice = EngineChoice(engine, precision)
            store = FeatureStore(
                Path(work), Fingerprint.of(backbone, data, hash_state(backbone), choice, dtype)
            )
            module = FeatureDataModule(source, manifest, data, 0, store, backbone)
            started = time.monotonic()
            module.setup("fit")
            seconds = time.monotonic() - started
            heads = train_heads(trials, module.build_dataset, data, EPOCHS, "val/loss")
            best = [head.history[(head.best_epoch or 1) - 1] for head in heads]
            values = {name: np.array([row[f"val/{name}"] for row in best]) for name in METRICS}
            if not reference:
                reference, exact = values, collect(store, manifest)
            features = collect(store, manifest)
            norms = np.linalg.norm(features, axis=1) * np.linalg.norm(exact, axis=1)
            by_optimizer = [slice(i * SEEDS, (i + 1) * SEEDS) for i in range(len(OPTIMIZERS))]
            results[f"{engine} {precision} {dtype}"] = {
                "seconds": round(seconds, 1),
                "views": module.computed,
                "least_cosine": float(((features * exact).sum(axis=1) / norms).min()),
                "mean": {name: float(values[name].mean()) for name in METRICS},
                "mean_change": {name: float((values[name] - reference[name]).mean()) for name in METRICS},
                "largest_change": {
                    name: float(np.abs(values[name] - reference[name]).max()) for name in METRICS
                },
                "seed_spread": {
                    name: statistics.mean(float(values[name][part].std(ddof=1)) for part in by_optimizer)
                    for name in METRICS
                },
            }
            print(engine, precision, dtype, json.dumps(results[f"{engine} {precision} {dtype}"]), flush=True)
            path.write_text(json.dumps({**settings, "variants": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
