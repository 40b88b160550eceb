import numpy as np
import pyarrow as pa
import pytest
from scipy.special import softmax
from tests.unit.reconcile.conftest import make_bins

from binrecon.calibration import Calibration
from binrecon.manifest import CountRange
from binrecon.reconcile import judge
from binrecon.reconcile.judge import find_classes, judge_bins, list_quantities, share_counts
from binrecon.reconcile.record_errors import RecordErrors

ERRORS = RecordErrors(0.02, off_by_one=0.6, off_by_two=0.1, missing_sku=0.2, swap=0.1)
ITEMS = pa.list_(pa.struct([("asin", pa.string()), ("name", pa.string()), ("quantity", pa.int32())]))


def hold(*quantities: int) -> list[dict[str, object]]:
    return [{"asin": f"B{number}", "name": None, "quantity": number} for number in quantities]


def column(*bins: list[dict[str, object]] | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(list(bins), ITEMS)])


@pytest.mark.parametrize(
    ("above_range", "wanted"), [("drop", [0, 2, -1, -1, -1]), ("clip", [0, 2, -1, -1, -1])]
)
def test_find_classes(calibration: Calibration, above_range: str, wanted: list[int]) -> None:
    """Count 3 was never trained, so neither it nor what `clip` takes for it has a class."""
    counts = CountRange(0, 3, above_range)  # type: ignore[arg-type]
    recorded = make_bins([0, 2, 3, 9, None])["recorded_count"]
    assert find_classes(recorded, counts, calibration).tolist() == wanted


def test_find_classes__clip(calibration: Calibration) -> None:
    recorded = make_bins([0, 2, 9])["recorded_count"]
    assert find_classes(recorded, CountRange(0, 2, "clip"), calibration).tolist() == [0, 2, 2]


def test_judge_bins__is_bayes_by_hand(calibration: Calibration) -> None:
    rows = np.log(np.random.default_rng(0).dirichlet(np.ones(4), size=5))
    classes = np.array([0, 1, 2, 1, -1])
    rows[3] = np.nan
    items = column(None, hold(1), hold(1, 1), None, None)
    found = judge_bins(rows, classes, items, calibration, ERRORS, 0.9)
    assert found.is_judged.tolist() == [True, True, True, False, False]
    shares = np.array([1 + 20, 1 + 30, 1 + 50, 0]) / 103  # with 100 training bins
    prior = ERRORS.bin_transitions(classes[:3], shares, [[], [1], [1, 1]])
    trained = np.array(calibration.train_shares)
    weight = np.divide(np.exp(rows[:3]), trained, out=np.zeros((3, 4)), where=trained > 0) * prior
    posterior = weight / weight.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.posteriors[:3], posterior)
    np.testing.assert_allclose(found.p_match[:3], posterior[range(3), classes[:3]])
    np.testing.assert_allclose(found.p_match + found.variance_probability, [1, 1, 1, np.nan, np.nan])
    np.testing.assert_allclose(found.probabilities[[0, 4]], softmax(rows[[0, 4]], axis=1))
    assert np.isnan(found.probabilities[3]).all()
    assert [name is None for name in found.count_sets] == [False, False, False, True, False]


def test_judge_bins__a_chunk_at_a_time(calibration: Calibration, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)
    rows = np.log(generator.dirichlet(np.ones(4), size=50))
    rows[::7] = np.nan
    classes = generator.integers(-1, 3, size=50)
    items = column(*[None] * 50)
    whole = judge_bins(rows, classes, items, calibration, ERRORS, 0.8)
    monkeypatch.setattr(judge, "_BINS_AT_A_TIME", 8)
    parts = judge_bins(rows, classes, items, calibration, ERRORS, 0.8)
    np.testing.assert_array_equal(whole.posteriors, parts.posteriors)
    np.testing.assert_array_equal(whole.probabilities, parts.probabilities)
    assert whole.count_sets == parts.count_sets


def test_judge_bins__of_one_bin_is_nearly_that_of_many(calibration: Calibration) -> None:
    """A list of one bin says nothing of how common its count is."""
    row, many = np.log([[0.3, 0.4, 0.2, 0.1]]), np.repeat([0, 1, 2], [200, 300, 500])
    rows, classes = np.repeat(row, 1000, axis=0), np.array(many)
    whole = judge_bins(rows, classes, column(*[None] * 1000), calibration, ERRORS, 0.9)
    alone = judge_bins(row, np.array([2]), column(None), calibration, ERRORS, 0.9)
    assert alone.variance_probability[0] == pytest.approx(whole.variance_probability[-1], rel=0.05)


def test_share_counts(calibration: Calibration) -> None:
    np.testing.assert_allclose(share_counts(np.array([], np.int64), calibration), [0.2, 0.3, 0.5, 0])
    np.testing.assert_allclose(share_counts(np.zeros(900, np.int64), calibration), [0.92, 0.03, 0.05, 0])


def test_judge_bins__none(calibration: Calibration) -> None:
    found = judge_bins(np.empty((0, 4)), np.empty(0, np.int64), column(), calibration, ERRORS, 0.9)
    assert len(found.p_match) == 0


def test_list_quantities__only_where_they_add_up() -> None:
    items = column(hold(1, 2), None, [], hold(2), hold(3))
    assert list_quantities(items, np.array([3, 1, 0, 5, 3])) == [[1, 2], [], [], [], [3]]
