import re
from collections.abc import Callable

import pytest
from tests.unit.manifest.conftest import MakeFacts, ToTable

from binrecon.errors import ManifestError
from binrecon.manifest import (
    CountRange,
    GroupedSplit,
    ListedSplit,
    Manifest,
    assemble_manifest,
    check_trainable,
)
from binrecon.manifest.facts import BinFacts
from binrecon.manifest.thinning import ThinnedSplit
from binrecon.published import PublishedSplit

RULE = GroupedSplit(0.25, 0.25, seed=0)
RANGE = CountRange(0, 2)


def find_ids(split: str, count: int) -> list[str]:
    """Ids of bins that stand alone and fall into a split of RULE."""
    ids = (f"{number:05d}" for number in range(0, 99_999, 10))
    return [bin_id for bin_id in ids if RULE.split_of(bin_id) == split][:count]


@pytest.fixture
def sound_bins(make_facts: MakeFacts) -> list[BinFacts]:
    ids = [*find_ids("train", 6), *find_ids("val", 1), *find_ids("test", 1)]
    return [make_facts(bin_id, number % 3) for number, bin_id in enumerate(ids)]


@pytest.fixture
def assemble(to_table: ToTable) -> Callable[..., Manifest]:
    def run(facts: list[BinFacts], selection: CountRange = RANGE) -> Manifest:
        return assemble_manifest(to_table(facts), selection, RULE)

    return run


def test_check_trainable(assemble: Callable[..., Manifest], sound_bins: list[BinFacts]) -> None:
    check_trainable(assemble(sound_bins), RANGE, RULE)


def test_check_trainable__nothing_usable(assemble: Callable[..., Manifest], make_facts: MakeFacts) -> None:
    facts = [make_facts("00001", 7), make_facts("00010", 9), make_facts("00020", 7)]
    message = (
        "no bin is usable with data.split=grouped, data.min_count=0, data.max_count=2; "
        "recorded counts found: 7: 2, 9: 1; statuses of the 3 bins: out_of_range: 3; "
        "choose counts that occur, another split, or mend the bins (each row of the manifest has its reason)"
    )
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        check_trainable(assemble(facts), RANGE, RULE)


def test_check_trainable__no_rows(assemble: Callable[..., Manifest]) -> None:
    with pytest.raises(ManifestError, match=r"recorded counts found: none; statuses of the 0 bins: none;"):
        check_trainable(assemble([]), RANGE, RULE)


def test_check_trainable__count_absent_from_training(
    assemble: Callable[..., Manifest], sound_bins: list[BinFacts]
) -> None:
    wider = CountRange(0, 4)
    message = (
        "these bins cannot be trained on\n"
        "  no training bin has the count 3, 4; training bins by count: 0: 2, 1: 2, 2: 2, 3: 0, 4: 0; "
        "add such bins, narrow data.min_count..data.max_count, or try another data.split or split_seed"
    )
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        check_trainable(assemble(sound_bins, wider), wider, RULE)


def test_check_trainable__count_set_aside(sound_bins: list[BinFacts], to_table: ToTable) -> None:
    thinned = ThinnedSplit(RULE, 1e-9, seed=0)
    manifest = assemble_manifest(to_table(sound_bins), RANGE, thinned)
    with pytest.raises(ManifestError, match=r"0: 0, 1: 0, 2: 0; raise data\.train_share, narrow"):
        check_trainable(manifest, RANGE, thinned)


@pytest.mark.parametrize(
    ("split", "sizes"), [("val", "train: 6, val: 0, test: 1"), ("test", "train: 6, val: 1, test: 0")]
)
def test_check_trainable__empty_split(
    assemble: Callable[..., Manifest], sound_bins: list[BinFacts], split: str, sizes: str
) -> None:
    facts = [one for one in sound_bins if RULE.split_of(one.bin_id) != split]
    message = (
        "these bins cannot be trained on\n"
        f"  the {split} split is empty; usable bins by split: {sizes}, in 7 groups of related photos; "
        f"raise data.{split}_fraction, add bins, or try another data.split_seed"
    )
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        check_trainable(assemble(facts), RANGE, RULE)


def test_check_trainable__every_problem_at_once(
    assemble: Callable[..., Manifest], make_facts: MakeFacts
) -> None:
    facts = [make_facts(bin_id, 1) for bin_id in find_ids("train", 2)]
    with pytest.raises(ManifestError) as caught:
        check_trainable(assemble(facts), RANGE, RULE)
    heading, *problems = str(caught.value).split("\n  ")
    assert heading == "these bins cannot be trained on"
    assert [problem.split(";")[0] for problem in problems] == [
        "no training bin has the count 0, 2",
        "the val split is empty",
        "the test split is empty",
    ]


def test_check_trainable__published_split_without_test(make_facts: MakeFacts, to_table: ToTable) -> None:
    counts = {"00010": 0, "00020": 1, "00030": 2, "00040": 1}
    splits = {bin_id: "val" if bin_id == "00040" else "train" for bin_id in counts}
    rule = ListedSplit(PublishedSplit("unc", counts, splits), RULE)
    facts = to_table(make_facts(bin_id, count) for bin_id, count in counts.items())
    check_trainable(assemble_manifest(facts, RANGE, rule), RANGE, rule)
    message = "the val split is empty; usable bins by split: train: 3, val: 0, test: 0, in 3 groups of related photos; "
    remedy = "add bins that data.split=unc lists as val, or use another data.split"
    with pytest.raises(ManifestError, match=f"{re.escape(message + remedy)}$"):
        check_trainable(assemble_manifest(facts[:3], RANGE, rule), RANGE, rule)


def test_check_trainable__clipped_bins_fill_the_last_class(
    assemble: Callable[..., Manifest], make_facts: MakeFacts, sound_bins: list[BinFacts]
) -> None:
    facts = [
        one for one in sound_bins if one.record.recorded_count != 2 or RULE.split_of(one.bin_id) != "train"
    ]
    clip = CountRange(0, 2, "clip")
    with pytest.raises(ManifestError, match="no training bin has the count 2;"):
        check_trainable(assemble(facts, clip), clip, RULE)
    facts.append(make_facts(find_ids("train", 7)[-1], 30))
    check_trainable(assemble(facts, clip), clip, RULE)
