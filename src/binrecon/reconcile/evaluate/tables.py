"""An evaluation as tables with every number unrounded, one row for each."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from binrecon.calibration.arrays import Floats
from binrecon.reconcile.evaluate.costs import RATIOS
from binrecon.reconcile.evaluate.evaluation import Evaluation
from binrecon.reconcile.evaluate.inject import KINDS
from binrecon.reconcile.evaluate.rankers import OURS
from binrecon.reconcile.evaluate.summary import Summary, find_interval
from binrecon.reconcile.evaluate.trial import Trial

AT_BUDGET = ("precision", "recall", "lift")
OVERALL = ("average_precision", "aurc", "augrc")


def tabulate_scores(evaluation: Evaluation) -> pd.DataFrame:
    """List every score of every ranker at every rate and budget, of all bins and of each recorded count."""
    rows = []
    budgets = evaluation.config.budgets
    for trial in evaluation.trials:
        for ranker, summary in trial.summaries.items():
            shared = {"rate": trial.rate, "wrong_records": trial.wrong, "ranked_by": ranker}
            bins = {"recorded_count": "all", "bins": float(len(evaluation.bins))}
            rows += [shared | bins | row for row in _list_scores(summary, budgets, trial.resampled[ranker])]
            for place, part in enumerate(trial.by_count[ranker]):
                resampled = trial.resampled_by_count[place] if ranker == OURS else None
                bins = {
                    "recorded_count": str(evaluation.bins.min_count + place),
                    "bins": trial.bins_by_count[place],
                }
                rows += [shared | bins | row for row in _list_scores(part, budgets, resampled)]
    return pd.DataFrame(rows)


def _list_scores(
    summary: Summary, budgets: Sequence[float], resampled: Summary | None
) -> Iterator[dict[str, object]]:
    """Yield each score with its interval; without resamples, without one."""
    for name in AT_BUDGET:
        for column, budget in enumerate(budgets):
            draws = None if resampled is None else getattr(resampled, name)[:, column]
            yield _row(name, budget, float(getattr(summary, name)[column]), draws)
    for name in OVERALL:
        draws = None if resampled is None else getattr(resampled, name)
        yield _row(name, None, float(getattr(summary, name)), draws)


def _row(name: str, budget: float | None, value: float, draws: Floats | None) -> dict[str, object]:
    lower, upper = (np.nan, np.nan) if draws is None else find_interval(draws)
    return {"score": name, "budget": budget, "value": value, "lower": lower, "upper": upper}


class Audit(NamedTuple):
    """Promised and actual finds at one rate and budget, and the spread of a single audit."""

    rate: float
    wrong_records: int
    budget: float
    recounts: int
    expected_finds: float
    found: float
    found_in_one_audit_lower: float
    found_in_one_audit_upper: float
    audits_that_find_nothing: float


def list_audits(evaluation: Evaluation) -> list[Audit]:
    """List them at every rate and budget."""
    audits = []
    for trial in evaluation.trials:
        found = trial.tallies[OURS].found
        low, high = np.percentile(found, [2.5, 97.5], axis=0)
        for column, budget in enumerate(evaluation.config.budgets):
            audits.append(
                Audit(
                    trial.rate,
                    trial.wrong,
                    budget,
                    int(trial.flagged[column]),
                    float(trial.expected[column]),
                    float(found[:, column].mean()),
                    float(low[column]),
                    float(high[column]),
                    float((found[:, column] < 0.5).mean()),
                )
            )
    return audits


def tabulate_audits(evaluation: Evaluation) -> pd.DataFrame:
    """List what our ranking promises and finds at every rate and budget."""
    return pd.DataFrame(list_audits(evaluation))


def tabulate_kinds(evaluation: Evaluation) -> pd.DataFrame:
    """List how many of the wrong records of each kind our ranking finds."""
    return pd.DataFrame(
        [
            {
                "rate": trial.rate,
                "kind": kind,
                "share_of_wrong_records": trial.kinds[place],
                "budget": budget,
                "recall": trial.recall_of_kinds[place, column],
            }
            for trial in evaluation.trials
            for place, kind in enumerate(KINDS)
            for column, budget in enumerate(evaluation.config.budgets)
        ]
    )


def tabulate_costs(evaluation: Evaluation) -> pd.DataFrame:
    """List what each way to decide costs for a bin, where a recount costs 1."""
    return pd.concat([_tabulate_costs(trial) for trial in evaluation.trials], ignore_index=True)


def _tabulate_costs(trial: Trial) -> pd.DataFrame:
    costs = trial.costs
    return pd.DataFrame(
        {
            "rate": trial.rate,
            "cost_of_a_miss": RATIOS,
            "recount_nothing": costs.none,
            "recount_everything": costs.everything,
            "where_it_pays": costs.decided,
            **{f"best_budget_{ranker}": costs.best[ranker] for ranker in costs.best},
        }
    )


def tabulate_counts(evaluation: Evaluation) -> pd.DataFrame:
    """List the scores of the counts before and after calibration."""
    rows = []
    for one in evaluation.counts:
        before, after = find_interval(one.before_resampled), find_interval(one.after_resampled)
        rows.append(
            {
                "score": one.name,
                "before": one.before,
                "before_lower": before[0],
                "before_upper": before[1],
                "after": one.after,
                "after_lower": after[0],
                "after_upper": after[1],
                "honest_counter": one.honest,
            }
        )
    return pd.DataFrame(rows)


def tabulate_coverages(evaluation: Evaluation) -> pd.DataFrame:
    """List how often count sets held the recorded count."""
    return pd.DataFrame([one._asdict() for one in evaluation.coverages])


def find_ratio(trial: Trial, first: str, second: str, column: int) -> tuple[float, float, float]:
    """Return how many times the lift of one ranker is that of another, with its 95 % interval.

    Args:
        trial: At one rate.
        first: A ranker.
        second: Another.
        column: Place of the budget.
    """
    value = trial.summaries[first].lift[column] / trial.summaries[second].lift[column]
    above, below = (trial.resampled[name].lift[:, column] for name in (first, second))
    ratios = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return float(value), *find_interval(ratios)
