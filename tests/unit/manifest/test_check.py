import re
from collections.abc import Callable

import pytest

from binrecon.errors import ManifestError
from binrecon.manifest import CountRange, SplitRule, assemble_manifest, check_trainable
from binrecon.manifest.facts import BinFacts

RULE = SplitRule(0.25, 0.25, seed=0)
RANGE = CountRange(0, 2)


def find_ids(split: str, count: int) -> list[str]:
    """Ids of bins that stand alone and fall into a split of RULE."""
    ids = (f"{number:05d}" for number in range(0, 99_999, 10))
    return [bin_id for bin_id in ids if RULE.split_of(bin_id) == split][:count]


@pytest.fixture
def sound_bins(make_facts: Callable[..., BinFacts]) -> list[BinFacts]:
    ids = [*find_ids("train", 6), *find_ids("val", 1), *find_ids("test", 1)]
    return [make_facts(bin_id, number % 3) for number, bin_id in enumerate(ids)]


def test_check_trainable(sound_bins: list[BinFacts]) -> None:
    check_trainable(assemble_manifest(sound_bins, RANGE, RULE), RANGE)


def test_check_trainable__nothing_usable(make_facts: Callable[..., BinFacts]) -> None:
    facts = [make_facts("00001", 7), make_facts("00010", 9), make_facts("00020", 7)]
    message = (
        "no bin is usable with data.min_count=0, data.max_count=2; recorded counts found: 7: 2, 9: 1; "
        "statuses of the 3 bins: out_of_range: 3; "
        "choose counts that occur, or mend the bins (each row of the manifest gives its reason)"
    )
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        check_trainable(assemble_manifest(facts, RANGE, RULE), RANGE)


def test_check_trainable__no_rows() -> None:
    with pytest.raises(ManifestError, match=r"recorded counts found: none; statuses of the 0 bins: none;"):
        check_trainable(assemble_manifest([], RANGE, RULE), RANGE)


def test_check_trainable__count_absent_from_training(sound_bins: list[BinFacts]) -> None:
    wider = CountRange(0, 4)
    message = (
        "these bins cannot be trained on\n"
        "  no training bin has the count 3, 4; training bins by count: 0: 2, 1: 2, 2: 2, 3: 0, 4: 0; "
        "add such bins, narrow data.min_count..data.max_count, or try another data.split_seed"
    )
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        check_trainable(assemble_manifest(sound_bins, wider, RULE), wider)


@pytest.mark.parametrize(
    ("split", "sizes"), [("val", "train: 6, val: 0, test: 1"), ("test", "train: 6, val: 1, test: 0")]
)
def test_check_trainable__empty_split(sound_bins: list[BinFacts], split: str, sizes: str) -> None:
    facts = [one for one in sound_bins if RULE.split_of(one.bin_id) != split]
    message = (
        "these bins cannot be trained on\n"
        f"  the {split} split is empty; usable bins by split: {sizes}, in 7 groups of related photos; "
        f"raise data.{split}_fraction, add bins, or try another data.split_seed"
    )
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        check_trainable(assemble_manifest(facts, RANGE, RULE), RANGE)


def test_check_trainable__every_problem_at_once(make_facts: Callable[..., BinFacts]) -> None:
    facts = [make_facts(bin_id, 1) for bin_id in find_ids("train", 2)]
    with pytest.raises(ManifestError) as caught:
        check_trainable(assemble_manifest(facts, RANGE, RULE), RANGE)
    heading, *problems = str(caught.value).split("\n  ")
    assert heading == "these bins cannot be trained on"
    assert [problem.split(";")[0] for problem in problems] == [
        "no training bin has the count 0, 2",
        "the val split is empty",
        "the test split is empty",
    ]


def test_check_trainable__clipped_bins_fill_the_last_class(
    make_facts: Callable[..., BinFacts], sound_bins: list[BinFacts]
) -> None:
    facts = [
        one for one in sound_bins if one.record.recorded_count != 2 or RULE.split_of(one.bin_id) != "train"
    ]
    clip = CountRange(0, 2, "clip")
    with pytest.raises(ManifestError, match="no training bin has the count 2;"):
        check_trainable(assemble_manifest(facts, clip, RULE), clip)
    facts.append(make_facts(find_ids("train", 7)[-1], 30))
    check_trainable(assemble_manifest(facts, clip, RULE), clip)
