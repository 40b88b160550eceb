import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binrecon.calibration.interval_scores import ConformalScores, keep_scores, score_counts


def grow(probabilities: list[float]) -> list[float]:
    """Grow one bin's set step by step, as the paper words it."""
    low = high = probabilities.index(max(probabilities))
    scores = [0.0] * len(probabilities)
    mass = probabilities[low]
    while high - low + 1 < len(probabilities):
        below = probabilities[low - 1] if low > 0 else -1
        above = probabilities[high + 1] if high + 1 < len(probabilities) else -1
        if below >= above:
            low -= 1
            joined = low
        else:
            high += 1
            joined = high
        scores[joined] = mass
        mass += probabilities[joined]
    return scores


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_score_counts__as_grown_bin_by_bin(seed: int, class_count: int) -> None:
    probabilities = np.random.default_rng(seed).dirichlet(np.full(class_count, 0.5), 7)

    scores = score_counts(np.log(np.maximum(probabilities, 1e-300)))

    assert np.allclose(scores, [grow(row) for row in probabilities.tolist()])


def test_score_counts__two_humps_are_bridged() -> None:
    scores = score_counts(np.log([[0.5, 0.1, 0.3, 0.1]]))

    assert scores[0] == pytest.approx([0, 0.5, 0.6, 0.9])


@pytest.mark.parametrize(
    ("bins", "coverage", "score"),
    [(9, 0.9, 9.0), (10, 0.9, 10.0), (8, 0.9, np.inf), (99, 0.9, 90.0), (100, 0.9, 91.0), (19, 0.5, 10.0)],
)
def test_find_threshold__rank_of_a_finite_sample(bins: int, coverage: float, score: float) -> None:
    ranks = range(1, bins + 1)

    assert ConformalScores(bins, tuple(ranks), tuple(map(float, ranks))).find_threshold(coverage) == score


@pytest.mark.parametrize("coverage", [0.0, 1.0, -0.1, 90.0, float("nan")])
def test_find_threshold__refuses(coverage: float) -> None:
    with pytest.raises(ValueError, match="coverage: must lie between 0 and 1, got"):
        ConformalScores(1, (1,), (0.5,)).find_threshold(coverage)


def test_keep_scores__of_many_bins_some_thousand_none_too_low() -> None:
    generator = np.random.default_rng(0)
    calibrated = np.log(generator.dirichlet(np.ones(4), 12_345))
    recorded = generator.integers(4, size=12_345)
    kept = keep_scores(calibrated, recorded)
    scores = np.sort(score_counts(calibrated)[np.arange(12_345), recorded])

    assert kept.bins == 12_345
    assert len(kept.scores) == 1000
    assert kept.ranks[0] == 1
    assert kept.ranks[-1] == 12_345
    for coverage in (0.5, 0.8, 0.9, 0.99):
        exact = int(np.ceil(12_346 * coverage))
        assert scores[exact - 1] <= kept.find_threshold(coverage) <= scores[exact - 1 + 14]
