from itertools import pairwise

import numpy as np
import pytest

from binrecon.sources.synthetic.options import FaultsConfig
from binrecon.sources.synthetic.plan import SMALL_COUNT_SHARES, get_count_shares, plan_bins


def test_get_count_shares__tail() -> None:
    shares = get_count_shares(7)
    assert shares.sum() == pytest.approx(1)
    assert shares[6:].sum() == pytest.approx(0.10)
    np.testing.assert_allclose(shares[:6] / shares[:6].sum(), SMALL_COUNT_SHARES)


@pytest.mark.parametrize("largest_count", [1, 3, 5, 12])
def test_get_count_shares__largest(largest_count: int) -> None:
    shares = get_count_shares(largest_count)
    assert len(shares) == largest_count + 1
    assert shares.sum() == pytest.approx(1)
    assert shares.min() > 0


@pytest.mark.parametrize("pair_fraction", [0.0, 0.3])
def test_plan_bins__counts_follow_the_dataset(pair_fraction: float) -> None:
    planned = plan_bins(20_000, 0, 7, pair_fraction, FaultsConfig())
    shares = np.bincount([entry.item_count for entry in planned]) / len(planned)
    np.testing.assert_allclose(shares, get_count_shares(7), atol=0.012)


@pytest.mark.parametrize("pair_fraction", [0.0, 0.3, 1.0])
def test_plan_bins__pair_fraction(pair_fraction: float) -> None:
    planned = plan_bins(10_000, 0, 7, pair_fraction, FaultsConfig())
    in_pairs = 2 * sum(entry.is_after_pick for entry in planned) / len(planned)
    assert in_pairs == pytest.approx(pair_fraction, abs=0.02)


def test_plan_bins__pairs_are_adjacent_and_differ_by_one() -> None:
    planned = plan_bins(500, 1, 7, 0.4, FaultsConfig())
    pairs = [(a, b) for a, b in pairwise(planned) if b.is_after_pick]
    assert pairs
    assert all(a.item_count == b.item_count + 1 and a.number == b.number - 1 for a, b in pairs)


def test_plan_bins__more_bins_change_no_earlier_bin() -> None:
    few, many = (plan_bins(count, 3, 7, 0.3, FaultsConfig()) for count in (100, 200))
    assert few[:99] == many[:99]


def test_plan_bins__faulty_bins_are_in_no_pair() -> None:
    faults = FaultsConfig(corrupt_photos=20, missing_records=20)
    planned = plan_bins(200, 0, 7, 1.0, faults)
    in_pairs = {a.bin_id for b in planned if b.is_after_pick for a in (b, planned[b.number - 2])}
    faulty = {entry.bin_id for entry in planned if entry.fault is not None}
    assert len(faulty) == 40
    assert not faulty & in_pairs


def test_plan_bins__every_bin_can_be_faulty() -> None:
    planned = plan_bins(6, 0, 7, 0.3, FaultsConfig(corrupt_photos=3, extra_empty_bins=3))
    assert all(entry.fault is not None for entry in planned)
