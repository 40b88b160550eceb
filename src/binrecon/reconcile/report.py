"""Report of a reconciliation in sentences: expectations and the assumptions behind them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from binrecon.calibration import Calibration
from binrecon.config.reconcile import ReconcileConfig
from binrecon.config.record_errors import RecordErrorsConfig
from binrecon.manifest import CountRange
from binrecon.reconcile.decide import Decision, Decisions, describe_counts
from binrecon.reconcile.photo_faults import Thresholds

NO_TRUTH = (
    "No bin of ABID was ever recounted: its records are what counters are trained and judged on, and nobody "
    "knows which of them are wrong. So the expected finds rest on the assumptions above, not on finds."
)

_MOST_REASONS = 5
_MINUTES = 60


@dataclass(frozen=True)
class Summary:
    """The input of a reconciliation's report.

    Args:
        config: What was asked for.
        counts: Of the counter.
        calibration: Of the counter.
        thresholds: From where on photos are unusual.
        decisions: About every bin.
        remarks: What else has to be said, a sentence each.
    """

    config: ReconcileConfig
    counts: CountRange
    calibration: Calibration
    thresholds: Thresholds
    decisions: Decisions
    remarks: tuple[str, ...]

    @property
    def totals(self) -> dict[Decision, int]:
        """Return the number of bins of each decision, in their order."""
        found = Counter(self.decisions.decisions.tolist())
        return {decision: found[str(decision)] for decision in Decision}


def list_results(summary: Summary) -> Iterator[str]:
    """Yield what came out, a line each."""
    totals, choice = summary.totals, summary.decisions.choice
    judged = totals[Decision.RECOUNT] + totals[Decision.CONFIRM]
    yield (
        f"{sum(totals.values()):,} bins: {totals[Decision.RECOUNT]:,} to recount, "
        f"{totals[Decision.CONFIRM]:,} confirmed, {totals[Decision.REPHOTOGRAPH]:,} to photograph again, "
        f"{totals[Decision.NOT_JUDGED]:,} not judged"
    )
    if choice.workload:
        yield (
            f"budget {summary.config.budget}: {choice.workload:,} of {judged:,} judged bins, those that are "
            f"wrong with {_percent(choice.threshold)} or more"
        )
        yield (
            f"expected finds: {_number(choice.expected_finds)} wrong records, {_percent(choice.precision)} "
            f"of the recounts and {_percent(choice.recall)} of the {_number(choice.expected_variances)} "
            "wrong records that the assumptions lead to expect"
            if choice.expected_variances
            else "expected finds: none, as the assumptions lead to expect no wrong record"
        )
        minutes = summary.config.recount_minutes
        yield f"workload: {_describe_time(choice.workload * minutes)}, at {minutes:g} minutes a recount"
    else:
        yield f"budget {summary.config.budget}: nothing to recount among {judged:,} judged bins"
    yield from _list_left_out(summary)


def _list_left_out(summary: Summary) -> Iterator[str]:
    faults = [f"{number:,} {name}" for name, number in summary.decisions.faults.items() if number]
    if faults:
        yield f"to photograph again: {', '.join(faults)}"
    reasons = Counter(
        reason
        for reason, decision in zip(summary.decisions.reasons, summary.decisions.decisions, strict=True)
        if decision == str(Decision.NOT_JUDGED)
    )
    if reasons:
        shown = [f"{number:,} x {reason}" for reason, number in reasons.most_common(_MOST_REASONS)]
        more = sum(reasons.values()) - sum(number for _, number in reasons.most_common(_MOST_REASONS))
        yield f"not judged: {', '.join(shown)}{f', {more:,} others' if more else ''}"


def list_assumptions(summary: Summary) -> Iterator[str]:
    """Yield what the results rest on, a line each."""
    config, calibration = summary.config, summary.calibration
    yield (
        f"The counter of {config.checkpoint} knows {describe_counts(summary.counts)}; "
        "a bin recorded with another count cannot be judged."
    )
    how = (
        "not calibrated (method none)"
        if calibration.method == "none"
        else f"calibrated by {calibration.method} scaling on {calibration.bins:,} of its validation bins"
    )
    yield f"Its probabilities are {how}, and as good on these photos as on those only if these are alike."
    yield describe_errors(config.record_errors)
    yield (
        f"Count sets hold the true count of {_percent(config.coverage)} of bins, if these bins are to the "
        "validation bins as those are to each other."
    )
    yield _describe_thresholds(summary)
    yield (
        "The change between photos of one bin before and after a pick is shown beside the bins "
        "(pair_change_probability); it has no part in their rank."
    )


def describe_errors(errors: RecordErrorsConfig) -> str:
    """Put the assumptions about wrong records into a sentence."""
    weights = {
        "one item more or less": errors.off_by_one,
        "two items more or less": errors.off_by_two,
        "one of the recorded products missing": errors.missing_sku,
        "another bin's record": errors.swap,
    }
    total = sum(weights.values())
    shares = [f"{_percent(weight / total)} {words}" for words, weight in weights.items() if weight and total]
    return (
        f"{_percent(errors.rate)} of records are taken to be wrong, of these: {', '.join(shares) or 'none'}."
    )


def _describe_thresholds(summary: Summary) -> str:
    limits, config = summary.thresholds, summary.config
    parts = []
    if np.isfinite(limits.least_sharpness):
        parts.append(f"sharpness below {limits.least_sharpness:.3g}")
    if np.isfinite(limits.least_brightness):
        parts.append(f"brightness below {limits.least_brightness:.3g}")
    if np.isfinite(limits.most_novelty):
        parts.append(f"a distance to the training photos above {limits.most_novelty:.3g}")
    if not parts:
        return "Photos are judged whatever they look like (quality.is_judged=false, or shares of 0)."
    shares = config.quality
    return (
        f"Photos are taken again with {', or '.join(parts)}: beyond these lie {_percent(shares.blurred)}, "
        f"{_percent(shares.dark)} and {_percent(shares.unlike)} of the counter's own validation photos."
    )


def write_report(summary: Summary) -> str:
    """Write the report as Markdown."""
    config = summary.config
    inventory = config.inventory or "the records beside the photos"
    lines = [
        "# Which bins to recount",
        "",
        f"Counter `{config.checkpoint}`, photos `{config.source.root}`, records: `{inventory}`.",
        "",
        *(f"- {line}" for line in list_results(summary)),
        "",
        "## What this rests on",
        "",
        *(f"- {line}" for line in list_assumptions(summary)),
        *(f"- {line}" for line in summary.remarks),
        "",
        NO_TRUTH,
        "",
    ]
    return "\n".join(lines)


def _describe_time(minutes: float) -> str:
    """Say how long something takes.

    >>> _describe_time(3), _describe_time(90)
    ('3 minutes', '1.5 hours')
    """
    return f"{minutes:.3g} minutes" if minutes < _MINUTES else f"{minutes / _MINUTES:,.1f} hours"


def _number(mean: float) -> str:
    """Write a mean number of bins, a small one exactly enough.

    >>> _number(29.64), _number(0.0239)
    ('29.6', '0.024')
    """
    return f"{mean:,.1f}" if mean >= 1 else f"{mean:.2g}"


def _percent(share: float) -> str:
    """Write a share in percent, small ones exactly enough.

    >>> _percent(0.213), _percent(0.005), _percent(0.00123)
    ('21 %', '0.5 %', '0.12 %')
    """
    percent = 100 * share
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"
