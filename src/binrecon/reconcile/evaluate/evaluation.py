"""All that an evaluation finds out about a run, from its bins to the numbers."""

from collections.abc import Callable
from dataclasses import dataclass

from binrecon.calibration import Calibration
from binrecon.config.evaluation import EvaluationConfig
from binrecon.reconcile.evaluate.counting import Covered, Measured, measure_counts, measure_coverage
from binrecon.reconcile.evaluate.inject import KINDS, find_odds
from binrecon.reconcile.evaluate.judged import JudgedBins
from binrecon.reconcile.evaluate.trial import Trial, run_trial
from binrecon.reconcile.record_errors import RecordErrors


@dataclass(frozen=True)
class Evaluation:
    """The result of an evaluation.

    Attributes:
        bins: The bins that were judged.
        calibration: Of the counter.
        errors: How records are made wrong, and what our ranker assumes of it.
        config: Rates, budgets, draws.
        trials: One for each rate.
        counts: How far counts can be trusted.
        coverages: How often count sets held the recorded count.
    """

    bins: JudgedBins
    calibration: Calibration
    errors: RecordErrors
    config: EvaluationConfig
    trials: list[Trial]
    counts: list[Measured]
    coverages: list[Covered]


def evaluate_bins(
    bins: JudgedBins,
    calibration: Calibration,
    errors: RecordErrors,
    config: EvaluationConfig,
    advance: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Make records wrong at every rate and score every ranking; score the counts too.

    Args:
        bins: Whose records are taken as true.
        calibration: What calibrated them.
        errors: The kinds of error; their rate is that of each trial.
        config: Rates, budgets, draws.
        advance: Is called whenever one of `len(config.rates) + 1` parts is done.

    Raises:
        ValueError: If some bin can have no error of these kinds.
    """
    odds = find_odds(bins, {kind: getattr(errors, kind) for kind in KINDS})
    trials = []
    for rate in config.rates:
        trials.append(run_trial(bins, odds, errors, rate, config))
        advance()
    counts = measure_counts(bins, config.resamples, config.seed)
    advance()
    coverages = measure_coverage(bins, calibration, config.coverages)
    return Evaluation(bins, calibration, errors, config, trials, counts, coverages)
