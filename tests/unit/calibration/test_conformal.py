from collections.abc import Callable

import numpy as np
import pytest

from binrecon.calibration import count_sets, fit_calibration, name_count_sets

DrawBins = Callable[..., tuple[np.ndarray, np.ndarray]]


@pytest.mark.parametrize("method", ["temperature", "vector"])
def test_count_sets__hold_the_count_as_often_as_asked_for(draw_bins: DrawBins, method: str) -> None:
    """Fitted on 200 bins and looked up in 400 others, 60 times: what is promised lies within the standard error."""
    coverages = (0.8, 0.9, 0.95)
    covered = []
    for seed in range(60):
        honest, recorded = draw_bins(600, seed=seed)
        honest = 1.7 * honest  # overconfident
        fitted = fit_calibration(
            honest[:200], recorded[:200], min_count=0, train_shares=np.full(6, 1 / 6), method=method
        )
        calibrated = fitted.apply(honest[200:])
        sets = [count_sets(calibrated, fitted, coverage) for coverage in coverages]
        covered.append([one[np.arange(400), recorded[200:]].mean() for one in sets])

    standard_error = np.std(covered, axis=0) / np.sqrt(len(covered))
    assert (np.abs(np.mean(covered, axis=0) - coverages) < 3 * standard_error).all()
    assert (standard_error < 0.006).all()


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
