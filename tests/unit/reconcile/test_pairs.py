import numpy as np
import pyarrow as pa
import pytest

from binrecon.reconcile.pairs import compare_changes, find_partners


def hold(*asins: str) -> list[dict[str, object]]:
    return [{"asin": asin, "name": None, "quantity": 1} for asin in asins]


ITEMS = pa.list_(pa.struct([("asin", pa.string()), ("name", pa.string()), ("quantity", pa.int32())]))


def partners(bins: dict[str, list[dict[str, object]] | None]) -> list[int]:
    ids = pa.chunked_array([pa.array(list(bins))])
    return find_partners(ids, pa.chunked_array([pa.array(list(bins.values()), ITEMS)])).tolist()


def test_find_partners() -> None:
    bins = {
        "00001": hold("a"),
        "00002": hold("a", "b"),
        "00004": hold("b"),
        "00005": hold("c"),
        "1": hold("a"),
    }
    assert partners(bins) == [1, 0, 1, -1, -1]


def test_find_partners__of_one_group_but_too_far_apart() -> None:
    bins = {"00001": hold("a"), "00003": hold("a", "b"), "00005": hold("b")}
    assert partners(bins) == [1, 0, 1]


def test_find_partners__without_items() -> None:
    assert partners({"00001": None, "00002": None}) == [-1, -1]
    assert partners({}) == []


def test_compare_changes__is_the_convolution() -> None:
    generator = np.random.default_rng(0)
    posteriors = generator.dirichlet(np.ones(4), size=2)
    recorded = np.array([1, 3])
    pairs = compare_changes(np.array([1, 0]), recorded, posteriors)
    wanted = sum(posteriors[0, i] * posteriors[1, j] for i in range(4) for j in range(4) if j - i == 3 - 1)
    assert pairs.change_probability == pytest.approx([wanted, wanted])
    assert pairs.partner.tolist() == [1, 0]


def test_compare_changes__certain_counts() -> None:
    posteriors = np.eye(4)[[2, 1, 2]]
    pairs = compare_changes(np.array([1, 0, 1]), np.array([3, 2, 9]), posteriors)
    assert pairs.change_probability.tolist() == [1, 1, 0]


def test_compare_changes__a_partner_that_is_not_judged_is_none() -> None:
    posteriors = np.array([[0.5, 0.5], [np.nan, np.nan]])
    pairs = compare_changes(np.array([1, 0]), np.array([0, -1]), posteriors)
    assert np.isnan(pairs.change_probability).all()
    assert pairs.partner.tolist() == [-1, -1]
