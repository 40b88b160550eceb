"""One rate of wrong records: many draws, all rankers, and what other bins would have given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from binrecon.calibration.arrays import Floats, Ints
from binrecon.config.evaluation import EvaluationConfig
from binrecon.reconcile.evaluate.costs import Costs, find_costs
from binrecon.reconcile.evaluate.gains import find_gains
from binrecon.reconcile.evaluate.inject import KINDS, Changes, ErrorOdds, count_changes, draw_changes
from binrecon.reconcile.evaluate.judged import JudgedBins
from binrecon.reconcile.evaluate.places import find_places, find_places_by_count, to_levels
from binrecon.reconcile.evaluate.promises import sum_expected_finds
from binrecon.reconcile.evaluate.rankers import OURS, find_suspicions
from binrecon.reconcile.evaluate.scores import (
    Tally,
    count_flagged,
    find_chances,
    join_tallies,
    tally_draws,
)
from binrecon.reconcile.evaluate.summary import Summary, stack_summaries, summarise
from binrecon.reconcile.record_errors import RecordErrors

DRAWS_OF_A_RESAMPLE = 50
"""Draws of wrong records on each resample of the bins; what chance they leave widens the intervals."""

_CHANGES_AT_ONCE = 200_000


@dataclass(frozen=True)
class Trial:
    """The result at one rate of wrong records, for B budgets and C counts.

    Attributes:
        rate: The share that was asked for.
        wrong: How many records are wrong in each draw.
        flagged: How many bins each budget pays for, shape (B,).
        tallies: Each ranker to its draws.
        summaries: Each ranker to its scores.
        by_count: Each ranker to its scores among the bins of each recorded count, C of them.
        bins_by_count: Bins with each recorded count, the mean over draws, shape (C,).
        resampled: Each ranker to its scores on R resamples of the bins.
        resampled_by_count: The same of our ranker, for each recorded count.
        gains: Each ranker to the wrong records found after m recounts, the mean over draws, shape (N + 1,).
        expected: Finds that the variance probabilities promise of our ranking, shape (B,).
        kinds: Share of the wrong records of each kind, shape (4,).
        recall_of_kinds: Share of them that our ranking finds, shape (4, B).
        costs: What recounts and misses cost.
    """

    rate: float
    wrong: int
    flagged: Ints
    tallies: Mapping[str, Tally]
    summaries: Mapping[str, Summary]
    by_count: Mapping[str, list[Summary]]
    bins_by_count: Floats
    resampled: Mapping[str, Summary]
    resampled_by_count: list[Summary]
    gains: Mapping[str, Floats]
    expected: Floats
    kinds: Floats
    recall_of_kinds: Floats
    costs: Costs


def run_trial(
    bins: JudgedBins, odds: ErrorOdds, errors: RecordErrors, rate: float, config: EvaluationConfig
) -> Trial:
    """Make a share of the records wrong, many times, and see who finds them.

    Args:
        bins: Whose records are right.
        odds: What a wrong record of each may say.
        errors: What our ranker assumes of wrong records; of their rate it is told the true one.
        rate: Share of the records that is made wrong.
        config: Draws, budgets, seed.
    """
    suspicions = find_suspicions(bins, replace(errors, rate=rate))
    levels = {name: to_levels(suspicion) for name, suspicion in suspicions.items()}
    wrong, everyone = count_changes(rate, len(bins)), np.arange(len(bins))
    rng = np.random.default_rng([config.seed, 0, wrong])
    changes = draw_changes(rng, odds, config.draws, wrong, everyone)
    flagged = np.concatenate([count_flagged(budget, np.array([len(bins)])) for budget in config.budgets])
    tallies, by_count = _tally_all(bins, levels, changes, everyone, config.budgets)
    gains = {name: find_gains(table, bins.recorded, changes) for name, table in levels.items()}
    resampled, resampled_by_count = _resample(bins, levels, odds, wrong, config)
    kinds, recall_of_kinds = _find_kinds(levels[OURS], bins.recorded, changes, flagged)
    return Trial(
        rate=rate,
        wrong=wrong,
        flagged=flagged,
        tallies=tallies,
        summaries={name: summarise(tally) for name, tally in tallies.items()},
        by_count={name: [summarise(one) for one in counts] for name, counts in by_count.items()},
        bins_by_count=np.array([tally.size.mean() for tally in by_count[OURS]]),
        resampled=resampled,
        resampled_by_count=resampled_by_count,
        gains=gains,
        expected=sum_expected_finds(suspicions[OURS], bins.recorded, changes, flagged).mean(axis=0),
        kinds=kinds,
        recall_of_kinds=recall_of_kinds,
        costs=find_costs(gains, suspicions[OURS], bins.recorded, changes),
    )


def _tally_all(
    bins: JudgedBins, levels: Mapping[str, Ints], changes: Changes, sample: Ints, budgets: list[float]
) -> tuple[dict[str, Tally], dict[str, list[Tally]]]:
    """Tally the draws of every ranker, among all bins and among those of each recorded count."""
    whole: dict[str, list[Tally]] = {name: [] for name in levels}
    parts: dict[str, list[list[Tally]]] = {name: [] for name in levels}
    for some in _split(changes):
        for name, table in levels.items():
            whole[name].append(tally_draws(find_places(table, bins.recorded, some, sample), budgets))
            groups = find_places_by_count(table, bins.recorded, some, sample)
            parts[name].append([tally_draws(places, budgets) for places in groups])
    by_count = {
        name: [join_tallies(tallies) for tallies in zip(*groups, strict=True)]
        for name, groups in parts.items()
    }
    return {name: join_tallies(tallies) for name, tallies in whole.items()}, by_count


def _split(changes: Changes) -> Iterator[Changes]:
    """Yield the draws in pieces, so that memory is bounded."""
    draws, wrong = changes.bins.shape
    step = max(1, _CHANGES_AT_ONCE // wrong)
    for start in range(0, draws, step):
        yield Changes(*(part[start : start + step] for part in changes))


def _resample(
    bins: JudgedBins, levels: Mapping[str, Ints], odds: ErrorOdds, wrong: int, config: EvaluationConfig
) -> tuple[dict[str, Summary], list[Summary]]:
    """Score every ranker on resamples of the bins, the same ones for all."""
    summaries: dict[str, list[Summary]] = {name: [] for name in levels}
    by_count: list[list[Summary]] = []
    draws = min(config.draws, DRAWS_OF_A_RESAMPLE)
    for number in range(config.resamples):
        rng = np.random.default_rng([config.seed, 1, wrong, number])
        sample = rng.integers(len(bins), size=len(bins))
        changes = draw_changes(rng, odds, draws, wrong, sample)
        for name, table in levels.items():
            places = find_places(table, bins.recorded, changes, sample)
            summaries[name].append(summarise(tally_draws(places, config.budgets)))
        groups = find_places_by_count(levels[OURS], bins.recorded, changes, sample)
        by_count.append([summarise(tally_draws(places, config.budgets)) for places in groups])
    stacked = {name: stack_summaries(parts) for name, parts in summaries.items()}
    return stacked, [stack_summaries(parts) for parts in zip(*by_count, strict=True)]


def _find_kinds(levels: Ints, recorded: Ints, changes: Changes, flagged: Ints) -> tuple[Floats, Floats]:
    """Return the share of each kind of error, shape (4,), and how many of each are found, shape (4, B)."""
    total, found = np.zeros(len(KINDS)), np.zeros((len(KINDS), len(flagged)))
    for some in _split(changes):
        places = find_places(levels, recorded, some, np.arange(len(recorded)))
        is_kind = some.kinds == np.arange(len(KINDS))[:, None, None]
        total += is_kind.sum(axis=(1, 2))
        for column, paid in enumerate(flagged):
            found[:, column] += (is_kind * find_chances(places, np.full(len(some.bins), paid))).sum(
                axis=(1, 2)
            )
    blank = np.full(found.shape, np.nan)
    return total / total.sum(), np.divide(found, total[:, None], out=blank, where=total[:, None] > 0)
