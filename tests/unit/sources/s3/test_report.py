from collections import Counter

from binrecon.sources.layout import BinPart
from binrecon.sources.s3.attempt import Fault
from binrecon.sources.s3.fetch import FetchOutcome, Plan
from binrecon.sources.s3.report import (
    describe_failures,
    describe_outcome,
    describe_plan,
    failures_csv,
    to_plain,
)
from binrecon.sources.s3.transfer import Failure, Tally

PLAN = Plan(["1", "2", "3"], {"photo": {"1", "2"}, "record": {"2"}}, 6, 105_000, None)
FAILURES = [
    Failure(BinPart(str(number), "photo"), Fault.NOT_FOUND if number else Fault.STALLED, "gone, alas", 6)
    for number in range(5)
]
TALLY = Tally(2, 100_000, Counter({Fault.THROTTLED: 3, Fault.STALLED: 1}), FAILURES)
OUTCOME = FetchOutcome(PLAN, TALLY, 0.5)


def test_plan__photo_beside_record() -> None:
    assert list(PLAN.iterate()) == [BinPart("1", "photo"), BinPart("2", "photo"), BinPart("2", "record")]


def test_describe_plan() -> None:
    assert describe_plan(PLAN) == "3 bins, 6 objects: 3 there already, 3 to fetch, 0.1 MB"
    unlisted = Plan(["1"], {"photo": {"1"}}, 1, 0, 1)
    assert describe_plan(unlisted) == (
        "1 bin, 1 object: 0 there already, 1 to fetch, 0.0 MB; the bucket does not list 1 of these"
    )
    assert describe_plan(Plan(["1"], {"photo": set()}, 1, None, None)) == (
        "1 bin, 1 object: 1 there already, 0 to fetch"
    )


def test_describe_outcome() -> None:
    assert describe_outcome(OUTCOME) == (
        "fetched 2 objects, 0.1 MB in 0.5 s (4 objects/s, 0.2 MB/s); "
        "4 retries (3 throttled, 1 stalled), 5 failed"
    )


def test_describe_failures() -> None:
    assert describe_failures(FAILURES) == (
        "5 objects could not be fetched (4 not found, 1 stalled): 'bin-images/0.jpg' (gone, alas), "
        "'bin-images/1.jpg' (gone, alas), 'bin-images/2.jpg' (gone, alas), …"
    )


def test_failures_csv() -> None:
    assert failures_csv(FAILURES[:1]) == (
        'bin_id,part,fault,reason,attempts\n0,photo,stalled,"gone, alas",6\n'
    )


def test_to_plain() -> None:
    assert to_plain(OUTCOME) == {
        "bins": 3,
        "objects": 6,
        "to_fetch": 3,
        "to_fetch_bytes": 105_000,
        "fetched": 2,
        "fetched_bytes": 100_000,
        "failed": 5,
        "retries": {"throttled": 3, "stalled": 1},
        "seconds": 0.5,
    }
