"""Run folders as a finished run leaves them, without training."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from binrecon.checksums import accept
from binrecon.compare.scores import Predictions, score
from binrecon.config.compose import compose_config, to_typed
from binrecon.config.metric_names import RANKING_METRICS
from binrecon.config.schema import TrainConfig

RECORDED = np.arange(60) % 6


@cache
def _compose(words: tuple[str, ...]) -> TrainConfig:
    config: TrainConfig = to_typed(compose_config("train", ["source=synthetic", *words]))
    return config


@pytest.fixture
def predict() -> Callable[..., Predictions]:
    """Predictions for 60 bins, some of them wrong: `predict(wrong=20, seed=0)`."""

    def build(wrong: int = 20, seed: int = 0) -> Predictions:
        rng = np.random.default_rng(seed)
        predicted = RECORDED.copy()
        missed = rng.choice(60, size=wrong, replace=False)
        predicted[missed] = (predicted[missed] + rng.integers(1, 6, size=wrong)) % 6
        likely = np.full((60, 6), 0.1)
        likely[np.arange(60), predicted] = 0.5
        return Predictions(tuple(f"{n:05d}" for n in range(60)), RECORDED, predicted, likely, 0)

    return build


@pytest.fixture
def write_run(tmp_path: Path, predict: Callable[..., Predictions]) -> Callable[..., Path]:
    """Write a finished run: `write_run("a", "optimizer=sgd", seed=1, wrong=20)` below `tmp_path / "runs"`."""

    def write(
        name: str,
        *words: str,
        seed: int = 0,
        wrong: int = 20,
        manifest: str = "a" * 64,
        started: str = "2026-11-23T12:00:00+00:00",
        epochs: Sequence[int] = (1, 2, 3),
    ) -> Path:
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        config = replace(_compose(words), seed=seed)
        OmegaConf.save(OmegaConf.structured(config), folder / "config.yaml")
        git = {"commit": "c" * 40, "is_dirty": False}
        facts = {"manifest_hash": manifest, "seconds": 10.0 + seed, "started": started, "git": git}
        (folder / "run.json").write_text(json.dumps(facts))
        predictions = predict(wrong, seed)
        scores = {metric: score(metric, predictions) for metric in RANKING_METRICS}
        majority = {**dict.fromkeys(RANKING_METRICS, 0.2), "nll": None, "ece": None}
        metrics = {
            "best_epoch": 2 + seed,
            "judged_split": "test",
            "test": scores,
            "val": scores,
            "baselines": {"majority": majority},
            "majority_count": 3,
        }
        (folder / "metrics.json").write_text(json.dumps(metrics))
        table = pd.DataFrame(predictions.probabilities, columns=[f"p_{n}" for n in range(6)])
        table.insert(0, "bin_id", predictions.bin_ids)
        table.insert(1, "recorded_count", predictions.recorded)
        table.insert(2, "predicted_count", predictions.predicted)
        table.to_parquet(folder / "predictions.parquet")
        history = pd.DataFrame({"epoch": list(epochs)})
        for number, column in enumerate(("train/loss", "val/loss", "val/accuracy", "val/rmse", "val/nll")):
            history[column] = (1 + number + seed) / history["epoch"]
        history.to_csv(folder / "metrics.csv", index=False)
        accept(folder)
        return folder

    return write
