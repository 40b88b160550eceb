from collections.abc import Callable

import numpy as np
import pytest
import torch

from binrecon.compare.scores import SCORES, Predictions, score, score_resamples
from binrecon.config.metric_names import RANKING_METRICS
from binrecon.metrics.functional import scores, tally_batch


def build_predictions(min_count: int, bin_count: int = 300) -> Predictions:
    rng = np.random.default_rng(min_count)
    probabilities = rng.dirichlet(np.full(6, 0.4), size=bin_count)
    recorded = rng.integers(min_count, min_count + 5, size=bin_count)  # the largest count occurs nowhere
    predicted = probabilities.argmax(axis=1) + min_count
    return Predictions(tuple(map(str, range(bin_count))), recorded, predicted, probabilities, min_count)


def test_scores__are_the_metrics_that_rank() -> None:
    assert tuple(SCORES) == RANKING_METRICS


@pytest.mark.parametrize("min_count", [0, 1])
def test_score__is_the_metric_of_metrics_functional(min_count: int) -> None:
    predictions = build_predictions(min_count)
    logits = torch.from_numpy(predictions.probabilities).clamp_min(1e-38).log()
    expected = scores(tally_batch(logits, torch.from_numpy(predictions.recorded), min_count))
    for name in SCORES:
        assert score(name, predictions) == pytest.approx(expected[name], rel=1e-12), name


@pytest.mark.parametrize("name", SCORES)
def test_score_resamples__weighs_bins_as_often_as_they_are_drawn(name: str) -> None:
    predictions = build_predictions(0, bin_count=7)
    drawn = np.array([0, 0, 3, 4, 4, 4, 6])
    resample = Predictions(
        predictions.bin_ids,
        predictions.recorded[drawn],
        predictions.predicted[drawn],
        predictions.probabilities[drawn],
        0,
    )
    weights = np.bincount(drawn, minlength=7)[None] / 7
    assert score_resamples(name, predictions, weights)[0] == pytest.approx(score(name, resample))


def test_score__by_hand(predict: Callable[..., Predictions]) -> None:
    assert score("accuracy", predict(wrong=15)) == pytest.approx(0.75)
    assert score("rmse", predict(wrong=0)) == 0
    assert score("nll", predict(wrong=0)) == pytest.approx(-np.log(0.5))
