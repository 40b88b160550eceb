import pyarrow as pa
import pytest
from tests.unit.manifest.conftest import MakeFacts, ToTable

from binrecon.manifest import CountRange, GroupedSplit, ListedSplit, Manifest, Status, assemble_manifest
from binrecon.manifest.thinning import ThinnedSplit, undo_thinning
from binrecon.published import PublishedSplit

RULE = GroupedSplit(val_fraction=0.15, test_fraction=0.25, seed=7)
NAMES = [f"{number:05d}" for number in range(5_000)]


def assign(share: float, seed: int = 0) -> list[str | None]:
    names = pa.chunked_array([NAMES[:10], NAMES[10:]], pa.string())
    return ThinnedSplit(RULE, share, seed).assign(names, names).to_pylist()


def trained(share: float, seed: int = 0) -> set[str]:
    return {name for name, split in zip(NAMES, assign(share, seed), strict=True) if split == "train"}


def test_assign__takes_a_share_of_training_and_nothing_else() -> None:
    whole = [RULE.split_of(name) for name in NAMES]
    for was, now in zip(whole, assign(0.3, seed=1), strict=True):
        assert now == was or (was, now) == ("train", None)
    assert len(trained(0.3, seed=1)) / whole.count("train") == pytest.approx(0.3, abs=0.02)
    assert assign(1.0) == whole


def test_assign__a_share_holds_every_smaller_one() -> None:
    assert trained(0.1) < trained(0.11) < trained(0.5) < trained(1.0)
    assert not trained(0.1, seed=1) <= trained(0.5)


def test_assign__pinned_forever() -> None:
    groups = pa.chunked_array([["00001", "00002", "00003", "523", "00523"]], pa.string())
    assert ThinnedSplit(GroupedSplit(0, 0), 0.5, seed=0).assign(groups, groups).to_pylist() == [
        None,
        "train",
        None,
        "train",
        None,
    ]


def test_assign__groups_stay_whole() -> None:
    groups = pa.chunked_array([[name for name in NAMES for _ in range(2)]], pa.string())
    splits = ThinnedSplit(RULE, 0.5, 0).assign(groups, groups).to_pylist()
    assert splits[::2] == splits[1::2] == assign(0.5)


def test_thinned_split__else_as_the_rule() -> None:
    rule = ListedSplit(PublishedSplit("unc", {"00002": 3}, {"00002": "train"}), RULE, needs_records=False)
    thinned = ThinnedSplit(rule, 0.5, 0)
    assert (thinned.name, thinned.has_test, thinned.needs_records) == ("unc", False, False)
    assert thinned.count_listed() == {"train": 1}
    assert thinned.list_counts(pa.chunked_array([["00001", "00002"]])).to_pylist() == [None, 3]
    assert thinned.advise("train") == "raise data.train_share"
    assert thinned.advise("val") == rule.advise("val")


def test_assemble_manifest__bins_set_aside_have_a_status(make_facts: MakeFacts, to_table: ToTable) -> None:
    facts = to_table(make_facts(name) for name in NAMES[:50])
    rule = ThinnedSplit(GroupedSplit(0, 0), 0.5, 0)
    manifest = assemble_manifest(facts, CountRange(0, 5), rule)
    rows = manifest.table.to_pylist()
    aside = [row for row in rows if row["split"] is None]
    assert 10 < len(aside) < 40
    assert {(row["status"], row["reason"]) for row in aside} == {
        ("set_aside", "training takes only a share of the bins (data.train_share)")
    }
    assert manifest.count_statuses()[Status.USABLE] == 50 - len(aside)


def test_assemble_manifest__unlisted_bins_are_not_set_aside(make_facts: MakeFacts, to_table: ToTable) -> None:
    listed = ListedSplit(PublishedSplit("unc", {"00002": 1}, {"00002": "val"}), RULE)
    facts = to_table(make_facts(name) for name in ("00001", "00002"))
    statuses = assemble_manifest(facts, CountRange(0, 5), ThinnedSplit(listed, 0.01, 0)).table["status"]
    assert statuses.to_pylist() == ["not_listed", "usable"]


def test_undo_thinning__of_any_share_is_the_whole_manifest(make_facts: MakeFacts, to_table: ToTable) -> None:
    facts = to_table(make_facts(name, number % 9) for number, name in enumerate(NAMES[:200]))

    def assemble(share: float) -> Manifest:
        return assemble_manifest(facts, CountRange(0, 5), ThinnedSplit(RULE, share, 0))

    whole = assemble(1.0)
    for share in (0.1, 0.6):
        assert assemble(share).content_hash() != whole.content_hash()
        assert undo_thinning(assemble(share)).table.to_pylist() == whole.table.to_pylist()
        assert undo_thinning(assemble(share)).content_hash() == whole.content_hash()
