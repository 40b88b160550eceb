from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from binrecon.config.evaluation import EvaluationConfig
from binrecon.reconcile.evaluate.costs import RATIOS, count_decided
from binrecon.reconcile.evaluate.gains import find_gains
from binrecon.reconcile.evaluate.inject import KINDS, Changes, draw_changes, find_odds
from binrecon.reconcile.evaluate.judged import JudgedBins
from binrecon.reconcile.evaluate.places import find_places, to_levels
from binrecon.reconcile.evaluate.promises import sum_expected_finds
from binrecon.reconcile.evaluate.rankers import DIFFERS, OURS, RANDOM, RANKERS, find_suspicions
from binrecon.reconcile.evaluate.scores import find_within
from binrecon.reconcile.evaluate.summary import find_interval
from binrecon.reconcile.evaluate.trial import Trial, run_trial
from binrecon.reconcile.record_errors import RecordErrors

Judge = Callable[..., JudgedBins]
ERRORS = RecordErrors(0.01, off_by_one=0.6, off_by_two=0.1, missing_sku=0.2, swap=0.1)
SHARES = {kind: getattr(ERRORS, kind) for kind in KINDS}
SMALL = EvaluationConfig(draws=200, resamples=100)


def try_rate(bins: JudgedBins, rate: float = 0.05, config: EvaluationConfig = SMALL) -> Trial:
    return run_trial(bins, find_odds(bins, SHARES), ERRORS, rate, config)


def draw(bins: JudgedBins, draws: int = 40, wrong: int = 6) -> Changes:
    return draw_changes(np.random.default_rng(0), find_odds(bins, SHARES), draws, wrong, np.arange(len(bins)))


def said(bins: JudgedBins, changes: Changes, number: int) -> np.ndarray:
    """What the records say in one draw."""
    counts = bins.recorded.copy()
    counts[changes.bins[number]] = changes.classes[number]
    return counts


def test_find_suspicions__by_hand(judge: Judge) -> None:
    probabilities = np.array([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]])
    logs = np.log(probabilities)
    bins = JudgedBins(logs, logs, logs - np.log([0.3, 0.25, 0.45]), np.array([2, 0]), 0)
    suspicions = find_suspicions(bins, ERRORS)
    assert list(suspicions) == list(RANKERS)
    np.testing.assert_allclose(suspicions["uncalibrated"], 1 - probabilities)
    np.testing.assert_allclose(suspicions["mean_distance"], [[1.6, 0.6, 0.4], [0.7, 0.3, 1.3]])
    np.testing.assert_array_equal(suspicions["argmax_two_off"], [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(suspicions[DIFFERS], [[1, 1, 0], [0, 1, 1]])
    prior = ERRORS.transition(np.array([0.5, 0, 0.5]))
    joint = prior[1] * probabilities[0] / [0.3, 0.25, 0.45]  # the first bin, recorded with 1
    assert suspicions[OURS][0, 1] == pytest.approx(1 - joint[1] / joint.sum())


def test_find_suspicions__our_order_does_not_depend_on_the_assumed_rate(judge: Judge) -> None:
    bins = judge(60)
    few, many = (find_suspicions(bins, replace(ERRORS, rate=rate))[OURS] for rate in (0.001, 0.2))
    np.testing.assert_array_equal(np.argsort(few, axis=None), np.argsort(many, axis=None))


def test_run_trial__where_the_counter_is_right_about_itself_ours_is_the_best(judge: Judge) -> None:
    """And it keeps what it promises, since it is told the rate."""
    trial = try_rate(judge(6000), config=EvaluationConfig(draws=40, resamples=100))
    for score in ("average_precision", "augrc"):
        values = {name: float(getattr(one, score)) for name, one in trial.summaries.items()}
        best = (
            max(values, key=values.__getitem__)
            if score == "average_precision"
            else min(values, key=values.__getitem__)
        )
        assert best == OURS
    found = trial.tallies[OURS].found.mean(axis=0)
    assert trial.expected == pytest.approx(found, rel=0.15)
    assert trial.summaries[RANDOM].lift == pytest.approx(1)


def test_run_trial__intervals_hold_the_score(judge: Judge) -> None:
    trial = try_rate(judge(200))
    for name in RANKERS:
        low, high = find_interval(trial.resampled[name].augrc)
        assert low - 1e-9 <= trial.summaries[name].augrc <= high + 1e-9
        assert trial.resampled[name].lift.shape == (100, 4)
    assert trial.bins_by_count.sum() == pytest.approx(200)
    assert len(trial.by_count[OURS]) == len(trial.resampled_by_count) == 6


def test_run_trial__same_seed_same_numbers(judge: Judge) -> None:
    bins = judge(80)
    first, again, other = (try_rate(bins, config=replace(SMALL, seed=seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.gains[OURS], again.gains[OURS])
    np.testing.assert_array_equal(first.resampled[OURS].lift, again.resampled[OURS].lift)
    assert (first.gains[OURS] != other.gains[OURS]).any()


def test_run_trial__pieces_give_the_draws_of_one_piece(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    bins = judge(80)
    whole = try_rate(bins)
    monkeypatch.setattr("binrecon.reconcile.evaluate.trial._CHANGES_AT_ONCE", 30)
    pieces = try_rate(bins)
    np.testing.assert_array_equal(whole.tallies[OURS].found, pieces.tallies[OURS].found)
    np.testing.assert_allclose(whole.recall_of_kinds, pieces.recall_of_kinds)


def test_run_trial__finds_by_kind_add_up(judge: Judge) -> None:
    trial = try_rate(judge(120))
    assert trial.kinds.sum() == pytest.approx(1)
    overall = (trial.kinds[:, None] * trial.recall_of_kinds).sum(axis=0)
    np.testing.assert_allclose(overall, trial.summaries[OURS].recall)


def test_find_gains__are_what_each_budget_finds(judge: Judge) -> None:
    bins = judge(50)
    levels, changes = to_levels(np.round(judge(50, seed=1).calibrated, 1)), draw(bins)
    gains = find_gains(levels, bins.recorded, changes)
    places = find_places(levels, bins.recorded, changes, np.arange(50))
    expected = [find_within(places, np.full(40, paid)).mean() for paid in range(51)]
    np.testing.assert_allclose(gains, expected, atol=1e-12)
    assert (gains[0], gains[-1]) == (0, pytest.approx(6))


@pytest.mark.parametrize("flagged", [[1, 3], [7, 49, 50]])
def test_sum_expected_finds__of_the_first_bins_of_each_draw(judge: Judge, flagged: list[int]) -> None:
    bins = judge(50)
    chances, changes = find_suspicions(bins, ERRORS)[OURS], draw(bins)
    sums = sum_expected_finds(chances, bins.recorded, changes, np.array(flagged))
    for number in range(40):
        ordered = np.sort(chances[np.arange(50), said(bins, changes, number)])[::-1]
        np.testing.assert_allclose(sums[number], [ordered[:paid].sum() for paid in flagged])


def test_count_decided__recounts_where_it_pays(judge: Judge) -> None:
    bins = judge(50)
    chances, changes = find_suspicions(bins, replace(ERRORS, rate=0.1))[OURS], draw(bins)
    recounts, found = count_decided(chances, bins.recorded, changes)
    counted = np.zeros((2, len(RATIOS)))
    for number in range(40):
        records = said(bins, changes, number)
        pays = chances[np.arange(50), records][:, None] * RATIOS >= 1 - 1e-12
        counted += [pays.sum(axis=0), pays[changes.bins[number]].sum(axis=0)]
    np.testing.assert_allclose(recounts, counted[0] / 40)
    np.testing.assert_allclose(found, counted[1] / 40)


def test_costs__where_it_pays_beats_recounting_nothing_and_everything(judge: Judge) -> None:
    """Of a counter that is right about itself, at every cost of a miss, and is near the best of hindsight."""
    costs = try_rate(judge(6000), config=EvaluationConfig(draws=40, resamples=100)).costs
    assert (costs.decided <= np.minimum(costs.none, costs.everything) * 1.02).all()
    assert (costs.decided <= costs.best[OURS] * 1.05).all()
    assert (costs.best[OURS] <= costs.best[RANDOM] + 1e-9).all()
