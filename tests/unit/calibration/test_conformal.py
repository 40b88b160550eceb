from collections.abc import Callable

import numpy as np
import pytest

from binrecon.calibration import count_sets, fit_calibration, name_count_sets

DrawBins = Callable[..., tuple[np.ndarray, np.ndarray]]


@pytest.mark.parametrize("method", ["temperature", "vector"])
@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_count_sets__hold_the_count_as_often_as_asked_for(
    draw_bins: DrawBins, method: str, coverage: float
) -> None:
    """One number, or two of each count, and the scores come of the same 400 bins: over 300 draws of those and of 200 others, coverage strays from what is promised by its standard error and no more than half a percent."""
    covered = []
    for seed in range(300):
        honest, recorded = draw_bins(600, seed=seed)
        honest = 1.7 * honest  # overconfident
        fitted = fit_calibration(
            honest[:400], recorded[:400], min_count=0, train_shares=np.full(6, 1 / 6), method=method
        )
        sets = count_sets(fitted.apply(honest[400:]), fitted, coverage)
        covered.append(sets[np.arange(200), recorded[400:]].mean())

    standard_error = np.std(covered) / np.sqrt(len(covered))
    assert np.mean(covered) > coverage - 0.005 - 2 * standard_error
    assert np.mean(covered) < coverage + 0.01


def test_count_sets__are_intervals_around_the_likeliest_count(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(1000)
    fitted = fit_calibration(honest, recorded, min_count=0, train_shares=np.full(6, 1 / 6))
    sets = count_sets(fitted.apply(honest), fitted, 0.9)

    assert (np.abs(np.diff(np.pad(sets, ((0, 0), (1, 1))).astype(int), axis=1)).sum(axis=1) == 2).all()
    assert sets[np.arange(1000), honest.argmax(axis=1)].all()


def test_count_sets__grow_with_coverage(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(1000)
    fitted = fit_calibration(honest, recorded, min_count=0, train_shares=np.full(6, 1 / 6))
    small, large = (count_sets(fitted.apply(honest), fitted, coverage) for coverage in (0.7, 0.95))

    assert (small <= large).all()
    assert small.sum() < large.sum()


def test_count_sets__too_few_bins_for_the_coverage_leave_every_count_open(draw_bins: DrawBins) -> None:
    honest, recorded = draw_bins(18)
    fitted = fit_calibration(honest, recorded, min_count=0, train_shares=np.full(6, 1 / 6))

    assert count_sets(fitted.apply(honest), fitted, 0.95).all()


def test_name_count_sets__begin_with_the_smallest_count() -> None:
    sets = np.array([[True, False, False], [False, True, True], [True, True, True]])

    assert name_count_sets(sets, 1) == ["1", "2 to 3", "1 to 3"]
