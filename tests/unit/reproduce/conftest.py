"""Finished runs of published rows, without training."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from binrecon.compare.judged import JudgedBins
from binrecon.compare.read import Run
from binrecon.compare.scores import Predictions
from binrecon.config.compose import compose_config, to_typed
from binrecon.config.run_keys import list_settings
from binrecon.manifest.coverage import Coverage
from binrecon.published.class_counts import count_published
from binrecon.published.rows import TABLES, PublishedRow
from binrecon.reproduce.finished import FinishedRun


@cache
def _settings(recipe: str, words: tuple[str, ...]) -> dict[str, Any]:
    return list_settings(to_typed(compose_config("train", [f"experiment={recipe}", *words])))


@pytest.fixture
def row() -> Callable[[str, str], PublishedRow]:
    """Find a published row: `row("stanford", "resnet18_sgd")`."""

    def find(table: str, name: str) -> PublishedRow:
        return next(row for row in TABLES[table] if row.name == name)

    return find


def predict(wrong: int, seed: int, bins: int = 60, least: int = 0) -> Predictions:
    """Predict bins with counts up to 5, so many of them one item wrong."""
    recorded = least + np.arange(bins) % (6 - least)
    predicted = recorded.copy()
    missed = np.random.default_rng(seed).choice(bins, size=wrong, replace=False)
    predicted[missed] = np.where(recorded[missed] < 5, recorded[missed] + 1, 4)
    probabilities = np.full((bins, 6 - least), 0.1)
    probabilities[np.arange(bins), predicted - least] = 0.5
    return Predictions(tuple(f"{n:05d}" for n in range(bins)), recorded, predicted, probabilities, least)


@pytest.fixture
def finish() -> Callable[..., FinishedRun]:
    """Finish a run of a row: `finish(row, "trainer=gpu", usable={"train": 7}, seed=1, wrong=30)`.

    All published photos are at hand unless `usable` or `split` say otherwise.
    """

    def build(
        row: PublishedRow,
        *words: str,
        usable: Mapping[str, int] | None = None,
        split: str | None = None,
        listed: Mapping[str, int] | None = None,
        epochs: int | None = None,
        seed: int = 0,
        wrong: int = 30,
        manifest: str = "a" * 64,
    ) -> FinishedRun:
        published = count_published(row.split)
        whole = {"train": published["all"], "val": 0, "test": 0} if "all" in published else published
        settings = {**_settings(row.recipe, words), "seed": seed}
        least = int(settings["data.min_count"])
        test, val = predict(wrong, seed, least=least), predict(wrong, seed + 100, 30, least)
        judged = "val" if row.split == "unc" else "test"
        run = Run(
            path=Path("outputs") / f"seed{seed}",
            settings=settings,
            judged=JudgedBins(manifest, row.split, judged, "0 to 5, drop"),
            scores={},
            majority={},
            majority_count=3,
            best_epoch=2 + seed,
            seconds=10.0 + seed,
            started="2026-11-23T12:00:00+00:00",
            commit=None,
            predictions=val if judged == "val" else test,
        )
        return FinishedRun(
            run=run,
            coverage=Coverage(
                split or row.split,
                {"train": 0, "val": 0, "test": 0, **whole, **(usable or {})},
                dict(published if listed is None else listed),
            ),
            predictions={"val": val} if judged == "val" else {"val": val, "test": test},
            train_accuracy=0.5 + seed / 100,
            epochs=epochs or int(settings["trainer.max_epochs"]),
        )

    return build
