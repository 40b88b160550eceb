from dataclasses import replace

import numpy as np
import pytest

from binrecon.calibration import Calibration
from binrecon.config.reconcile import PhotoQualityConfig, ReconcileConfig
from binrecon.config.record_errors import RecordErrorsConfig
from binrecon.manifest import CountRange
from binrecon.reconcile.budget import choose, parse_budget
from binrecon.reconcile.decide import Decisions
from binrecon.reconcile.photo_faults import Thresholds
from binrecon.reconcile.report import (
    NO_TRUTH,
    Summary,
    describe_errors,
    list_assumptions,
    list_results,
    write_report,
)
from binrecon.sources.local import LocalSourceConfig


def decide(variance: list[float], budget: str) -> Decisions:
    choice = choose(np.array(variance), parse_budget(budget))
    decisions = ["recount" if chosen else "confirm" for chosen in choice.is_chosen]
    reasons = ["looks odd"] * len(decisions) + [
        "dark",
        "there is no photo",
        "there is no photo",
        "there is no record",
    ]
    others = ["rephotograph", "not_judged", "not_judged", "not_judged"]
    everything = np.array([*decisions, *others], object)
    return Decisions(
        everything, reasons, np.zeros(len(everything), np.int32), choice, {"dark": 1, "blurred": 0}
    )


@pytest.fixture
def summary(calibration: Calibration) -> Summary:
    config = ReconcileConfig(
        checkpoint="runs/best",
        source=LocalSourceConfig(root="photos"),
        budget="50%",
        recount_minutes=6,
        coverage=0.9,
        quality=PhotoQualityConfig(is_judged=True, blurred=0.002, dark=0.002, unlike=0.002),
    )
    decisions = decide([0.5, 0.25, 0.125, 0.1], config.budget)
    thresholds = Thresholds(4.64, 62.2, 1.48)
    return Summary(
        config, CountRange(0, 3), calibration, thresholds, decisions, ("The zones were not looked at.",)
    )


def test_list_results(summary: Summary) -> None:
    assert list(list_results(summary)) == [
        "8 bins: 2 to recount, 2 confirmed, 1 to photograph again, 3 not judged",
        "budget 50%: 2 of 4 judged bins, those that are wrong with 25 % or more",
        "expected finds: 0.75 wrong records, 38 % of the recounts and 77 % of the 0.97 wrong records "
        "that the assumptions lead to expect",
        "workload: 12 minutes, at 6 minutes a recount",
        "to photograph again: 1 dark",
        "not judged: 2 x there is no photo, 1 x there is no record",
    ]


def test_list_results__a_budget_that_finds_nothing_worth_it(summary: Summary) -> None:
    config = replace(summary.config, budget="1:1")
    nothing = replace(summary, config=config, decisions=decide([0.5, 0.25], "1:1"))
    assert list(list_results(nothing))[1] == "budget 1:1: nothing to recount among 2 judged bins"


def test_list_results__records_that_are_never_wrong(summary: Summary) -> None:
    lines = list(list_results(replace(summary, decisions=decide([0.0, 0.0], "50%"))))
    assert lines[2] == "expected finds: none, as the assumptions lead to expect no wrong record"


def test_list_assumptions(summary: Summary) -> None:
    lines = list(list_assumptions(summary))
    assert (
        lines[0]
        == "The counter of runs/best knows 0 to 3 items; a bin recorded with another count cannot be judged."
    )
    assert "not calibrated (method none)" in lines[1]
    assert (
        "sharpness below 4.64, or brightness below 62.2, or a distance to the training photos above 1.48"
        in lines[4]
    )
    judged = replace(summary, thresholds=Thresholds())
    assert list(list_assumptions(judged))[4].startswith("Photos are judged whatever they look like")


def test_describe_errors() -> None:
    assert describe_errors(RecordErrorsConfig()) == (
        "1 % of records are taken to be wrong, of these: 60 % one item more or less, 10 % two items more or less, "
        "20 % one of the recorded products missing, 10 % another bin's record."
    )
    assert (
        describe_errors(RecordErrorsConfig(0, 0, 0, 0, 0))
        == "0 % of records are taken to be wrong, of these: none."
    )


def test_write_report(summary: Summary) -> None:
    text = write_report(summary)
    assert text.startswith(
        "# Which bins to recount\n\nCounter `runs/best`, photos `photos`, records: `the records"
    )
    assert "- The zones were not looked at.\n" in text
    assert text.endswith(f"\n{NO_TRUTH}\n")
