import math
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from binrecon.compare import bootstrap
from binrecon.compare.bootstrap import (
    Difference,
    Seeded,
    compare_pair,
    draw_weights,
    find_interval,
    mean_score,
    resample_groups,
)
from binrecon.compare.scores import SCORES, Predictions


def answer(is_correct: np.ndarray) -> Predictions:
    """Build the predictions of a model that is right for some bins and off by one for the others."""
    bin_count = len(is_correct)
    recorded = np.zeros(bin_count, np.int64)
    probabilities = np.tile([0.5, 0.5], (bin_count, 1))
    return Predictions(
        tuple(map(str, range(bin_count))), recorded, (~is_correct).astype(np.int64), probabilities, 0
    )


def compare(first: Seeded, second: Seeded, resamples: int = 2000, metric: str = "accuracy") -> Difference:
    scores = resample_groups([first, second], [metric], resamples, seed=0)[metric]
    return compare_pair(
        metric, (mean_score(metric, first), mean_score(metric, second)), (scores[:, 0], scores[:, 1])
    )


@pytest.mark.parametrize("metric", SCORES)
def test_compare__identical_predictions_differ_by_exactly_nothing(
    metric: str, predict: Callable[..., Predictions]
) -> None:
    group = Seeded((0, 1, 2), tuple(predict(20, seed) for seed in range(3)))
    same = Seeded((0, 1, 2), tuple(predict(20, seed) for seed in range(3)))
    assert compare(group, same, metric=metric) == Difference(metric, 0.0, 0.0, 0.0, 0.5)


def test_compare__a_tiny_example_by_hand() -> None:
    """The first is right for the one bin of two where the second is wrong: k of 2 draws hit it, with 1/4, 1/2, 1/4."""
    first, second = (Seeded((0,), (answer(np.array(right)),)) for right in ([True, True], [True, False]))
    scores = resample_groups([first, second], ["accuracy"], 20_000, seed=1)["accuracy"]
    gaps, shares = np.unique(scores[:, 0] - scores[:, 1], return_counts=True)
    assert gaps.tolist() == [0.0, 0.5, 1.0]
    assert shares / 20_000 == pytest.approx([0.25, 0.5, 0.25], abs=0.015)
    pair = compare_pair("accuracy", (1.0, 0.5), (scores[:, 0], scores[:, 1]))
    assert (pair.value, pair.lower, pair.upper) == (0.5, 0.0, 1.0)
    assert pair.share_better == pytest.approx(0.75 + 0.25 / 2, abs=0.01)
    assert not pair.is_clear


def test_compare__one_seed_has_the_spread_of_the_closed_form() -> None:
    """The standard error of a mean of paired differences is that of McNemar's: sqrt(var(d) / N)."""
    rng = np.random.default_rng(0)
    first, second = rng.random(400) < 0.4, rng.random(400) < 0.3
    gap = first.astype(float) - second
    pair = compare(Seeded((0,), (answer(first),)), Seeded((0,), (answer(second),)), resamples=20_000)
    assert (pair.upper - pair.lower) / 2 == pytest.approx(1.96 * gap.std() / np.sqrt(400), rel=0.05)
    assert pair.value == pytest.approx(gap.mean())


def test_compare__pairs_bins() -> None:
    """Two models that are right for nearly the same bins are told apart though each score alone is unsure."""
    rng = np.random.default_rng(0)
    second = rng.random(400) < 0.3
    first = second.copy()
    first[np.flatnonzero(~second)[:12]] = True
    groups = [Seeded((0,), (answer(right),)) for right in (first, second)]
    scores = resample_groups(groups, ["accuracy"], 2000, seed=0)["accuracy"]
    (low, _), (_, high) = find_interval(scores[:, 0]), find_interval(scores[:, 1])
    assert low < high
    assert compare(*groups).is_clear


def test_compare__seeds_add_to_the_spread() -> None:
    """Bins agree within a seed and seeds differ: with one bin pattern all spread is that of the seeds."""
    good, bad = np.ones(50, bool), np.zeros(50, bool)
    steady = Seeded((0, 1), (answer(good), answer(good)))
    luck = Seeded((0, 1), (answer(good), answer(bad)))
    pair = compare(steady, luck)
    assert (pair.value, pair.lower, pair.upper) == (0.5, 0.0, 1.0)


def test_compare__equal_seeds_are_paired() -> None:
    """What a seed does to both groups alike is no difference between them; with other seeds it is."""
    good, bad = np.ones(50, bool), np.zeros(50, bool)
    group = Seeded((0, 1), (answer(good), answer(bad)))
    other_seeds = Seeded((2, 3), (answer(good), answer(bad)))
    paired, unpaired = compare(group, group), compare(group, other_seeds)
    assert (paired.lower, paired.upper) == (0.0, 0.0)
    assert (unpaired.lower, unpaired.upper) == (-1.0, 1.0)


def test_compare_pair__direction() -> None:
    """A lower RMSE is better, a lower accuracy is not."""
    low, high = np.array([1.0, 1.0]), np.array([2.0, 2.0])
    assert compare_pair("rmse", (1.0, 2.0), (low, high)).share_better == 1
    assert compare_pair("rmse", (1.0, 2.0), (low, high)).is_first_better
    assert compare_pair("accuracy", (1.0, 2.0), (low, high)).share_better == 0
    assert compare_pair("accuracy", (1.0, 2.0), (low, high)).is_clear


def test_compare_pair__ties_are_ties_whatever_the_order_of_sums() -> None:
    """0.1 + 0.2 is not 0.3 to a computer, and is no difference."""
    pair = compare_pair("accuracy", (0.1 + 0.2, 0.3), (np.array([0.1 + 0.2]), np.array([0.3])))
    assert pair == Difference("accuracy", 0.0, 0.0, 0.0, 0.5)


def test_resample_groups__draws_do_not_depend_on_other_groups(predict: Callable[..., Predictions]) -> None:
    groups = [Seeded((0, 1), (predict(wrong, 0), predict(wrong, 1))) for wrong in (10, 20)]
    both = resample_groups(groups, ["rmse"], 200, seed=3)["rmse"]
    alone = resample_groups(groups[1:], ["rmse"], 200, seed=3)["rmse"]
    np.testing.assert_array_equal(both[:, 1], alone[:, 0])


def test_resample_groups__chunks_give_the_draws_of_one_piece(
    predict: Callable[..., Predictions], monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = [Seeded((0, 1), (predict(10, 0), predict(10, 1)))]
    whole = resample_groups(groups, ["accuracy"], 100, seed=0)["accuracy"]
    monkeypatch.setattr(bootstrap, "_WEIGHTS_AT_ONCE", 60 * 7)
    pieces = resample_groups(groups, ["accuracy"], 100, seed=0)["accuracy"]
    np.testing.assert_allclose(pieces, whole, rtol=1e-12)


def test_resample_groups__memory_is_bounded() -> None:
    """A thousand resamples of 36,000 bins, as Stanford tests on, would be 288 MB of weights at once."""
    right = np.random.default_rng(0).random(36_000) < 0.5
    tracemalloc.start()
    resample_groups([Seeded((0,), (answer(right),))], ["accuracy"], 300, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6


def test_draw_weights() -> None:
    weights = draw_weights(np.random.default_rng(0), 5000, 4)
    assert weights.sum(axis=1) == pytest.approx(1)
    assert weights.mean(axis=0) == pytest.approx(0.25, abs=0.01)
    assert weights.var(axis=0) == pytest.approx(3 / 64, rel=0.1)  # multinomial: (1/N)(1 - 1/N)/N


@pytest.mark.slow
@pytest.mark.parametrize(("seed_spread", "noise"), [(0.0, 0.3), (0.1, 0.3), (0.1, 1.0)])
def test_compare__interval_covers_the_true_difference(seed_spread: float, noise: float) -> None:
    """Of 95 % intervals over five seeds, 90 % or more hold the difference that the simulation was made with."""
    hits = 0
    for trial in range(100):
        rng = np.random.default_rng([trial, 7])
        shared = rng.normal(size=300)
        groups = []
        for level in (-0.5, -0.6):
            own = rng.normal(size=300) / 2
            seeds = rng.normal(size=(5, 1)) * seed_spread
            latent = level + shared + own + seeds + rng.normal(size=(5, 300)) * noise
            groups.append(Seeded((0, 1, 2, 3, 4), tuple(answer(row > 0) for row in latent)))
        scale = np.sqrt(1 + 0.25 + seed_spread**2 + noise**2)
        truth = _normal_cdf(-0.5 / scale) - _normal_cdf(-0.6 / scale)
        pair = compare(*groups, resamples=500)
        hits += pair.lower <= truth <= pair.upper
    assert hits >= 90


def _normal_cdf(value: float) -> float:
    return (1 + math.erf(value / math.sqrt(2))) / 2
