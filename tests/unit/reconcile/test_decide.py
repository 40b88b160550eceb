import numpy as np
import pytest
from tests.unit.reconcile.conftest import make_bins

from binrecon.manifest import CountRange
from binrecon.reconcile.budget import parse_budget
from binrecon.reconcile.decide import Decisions, decide
from binrecon.reconcile.judge import Judgement
from binrecon.reconcile.photo_faults import PhotoFault

COUNTS = CountRange(0, 2)


def judgement(probabilities: list[list[float]], variance: list[float]) -> Judgement:
    chances, rows = np.array(variance), np.array(probabilities)
    return Judgement(rows, [None] * len(rows), rows, 1 - chances, chances, chances, ~np.isnan(chances))


def run(
    recorded: list[int | None],
    probabilities: list[list[float]],
    variance: list[float],
    faults: list[PhotoFault] | None = None,
    budget: str = "1 bin",
    counts: CountRange = COUNTS,
    **columns: list[object],
) -> Decisions:
    bins = make_bins(recorded, **columns)
    top = counts.max_count
    classes = [
        -1 if count is None or (count > top and counts.above_range == "drop") else min(count, top)
        for count in recorded
    ]
    found = judgement(probabilities, variance)
    return decide(bins, np.array(classes), found, faults or [], counts, parse_budget(budget))


NAN = [np.nan] * 3


def test_decide__every_kind() -> None:
    found = run(
        [1, 2, 0, 1, 9, None, 2, 0],
        [[0.6, 0.3, 0.1], [0.1, 0.5, 0.4], [0.7, 0.2, 0.1], [0.3, 0.4, 0.3], [0, 0.1, 0.9], [1, 0, 0], NAN, NAN],
        [0.5, 0.2, 0.01, 0.9, np.nan, np.nan, np.nan, np.nan],
        [PhotoFault("blurred", [3], ["the photo is blurred"]), PhotoFault("damaged", [7], ["photo: cut off"])],
        has_photo=[True, True, True, True, True, True, False, True],
        record_reason=[None, None, None, None, None, "there is no record", None, None],
    )  # fmt: skip
    assert list(zip(found.decisions, found.ranks.tolist(), found.reasons, strict=True)) == [
        ("recount", 1, "record says 1; the photo looks like 0 (60 %)"),
        ("confirm", 2, "record says 2; the photo looks like 1 (50 %), too little to doubt it"),
        ("confirm", 3, "record says 0, and so does the photo (70 %)"),
        ("rephotograph", 0, "the photo is blurred"),
        ("not_judged", 0, "record says 9; the counter knows 0 to 2 items only"),
        ("not_judged", 0, "there is no record"),
        ("not_judged", 0, "there is no photo"),
        ("rephotograph", 0, "photo: cut off"),
    ]
    assert found.choice.workload == 1
    assert found.choice.expected_finds == pytest.approx(0.5)
    assert found.choice.expected_variances == pytest.approx(0.71)
    assert found.faults == {"blurred": 1, "damaged": 1}


def test_decide__budget_is_of_bins_that_can_be_recounted() -> None:
    rows = [[0.5, 0.3, 0.2]] * 4
    faults = [PhotoFault("dark", [0, 1], ["dark"] * 2)]
    found = run([0] * 4, rows, [0.9, 0.8, 0.1, 0.2], faults, budget="50%")
    assert found.decisions.tolist() == ["rephotograph", "rephotograph", "confirm", "recount"]


def test_decide__a_fault_beside_an_unknown_count_is_not_to_be_photographed_again() -> None:
    faults = [PhotoFault("dark", [0, 1], ["dark", "dark"])]
    found = run([9, 1], [[0.5, 0.3, 0.2]] * 2, [np.nan, 0.1], faults)
    assert found.decisions.tolist() == ["not_judged", "rephotograph"]
    assert found.faults == {"dark": 1}


def test_decide__two_faults_of_one_photo() -> None:
    faults = [PhotoFault("blurred", [0], ["blurred"]), PhotoFault("dark", [0], ["dark"])]
    assert run([1], [[0.5, 0.3, 0.2]], [0.1], faults).reasons == ["blurred; dark"]


def test_decide__a_likely_record_may_still_be_the_least_likely_of_all() -> None:
    found = run([0], [[0.4, 0.3, 0.3]], [0.2])
    assert found.reasons == ["record says 0; the photo looks like 0 with no more than 40 %"]


def test_decide__a_record_that_contradicts_itself_says_so() -> None:
    remark = "record: claims 1 items, but they add up to 2"
    found = run([1, 1], [[0.1, 0.8, 0.1]] * 2, [0.1, 0.2], record_reason=[remark, None])
    assert found.reasons[0] == f"record says 1, and so does the photo (80 %); {remark}"


def test_decide__the_last_class_may_mean_more() -> None:
    rows = [[0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]
    found = run([9, 9], rows, [0.1, 0.7], counts=CountRange(0, 2, "clip"))
    assert found.reasons == [
        "record says 9, and so does the photo (80 %)",
        "record says 9; the photo looks like 0 (80 %)",
    ]


def test_decide__equal_chances_in_the_order_of_ids() -> None:
    found = run([0, 0, 0], [[0.5, 0.3, 0.2]] * 3, [0.1, 0.1, 0.1], budget="2 bins")
    assert found.ranks.tolist() == [1, 2, 3]
    assert found.decisions.tolist() == ["recount", "recount", "confirm"]


def test_decide__nothing_to_judge() -> None:
    found = run([None], [NAN], [np.nan], record_reason=["there is no record"])
    assert found.choice.workload == 0
    assert found.decisions.tolist() == ["not_judged"]
