import re
from pathlib import Path

import pytest

from binrecon.config.schema import DataConfig
from binrecon.config.split_words import GROUPED
from binrecon.errors import ManifestError
from binrecon.manifest import split_rule
from binrecon.manifest.split import GroupedSplit, ListedSplit
from binrecon.manifest.split_rule import build_split_rule
from binrecon.manifest.thinning import ThinnedSplit
from binrecon.published import PublishedSplit

UNC = PublishedSplit("unc", {"00002": 3, "523": 0}, {"00002": "val", "523": "train"})
POOL = PublishedSplit("udacity", {"00002": 3, "523": 1}, None)


def test_build_split_rule__grouped_loads_no_list(tmp_path: Path) -> None:
    config = DataConfig(
        val_fraction=0.1, test_fraction=0.2, split_seed=3, lists_dir=str(tmp_path / "missing")
    )
    assert build_split_rule(config) == GroupedSplit(0.1, 0.2, 3)


@pytest.mark.parametrize("counts_from", ["records", "lists"])
def test_build_split_rule__published(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, counts_from: str
) -> None:
    asked = []
    monkeypatch.setattr(split_rule, "load_published_split", lambda *words: asked.append(words) or UNC)
    config = DataConfig(split="unc", split_seed=3, lists_dir=str(tmp_path), counts_from=counts_from)
    expected = ListedSplit(UNC, GroupedSplit.of(config), needs_records=counts_from == "records")
    assert build_split_rule(config) == expected
    assert asked == [("unc", tmp_path, 3)]


@pytest.mark.parametrize(
    ("word", "listed"),
    [
        ("unc", {"train": 324_735, "val": 36_032}),
        ("stanford_all", {"train": 288_734, "val": 36_032, "test": 36_000}),
        ("stanford_150k", {"train": 109_306, "val": 31_230, "test": 15_616}),
        ("udacity", {"all": 10_441}),
    ],
)
def test_build_split_rule__real_lists(real_lists: Path, word: str, listed: dict[str, int]) -> None:
    rule = build_split_rule(DataConfig(split=word, lists_dir=str(real_lists)))
    assert (rule.name, rule.count_listed()) == (word, listed)


@pytest.mark.parametrize("word", [GROUPED, "udacity"])
def test_build_split_rule__counts_from_lists_without_published_parts(
    monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setattr(split_rule, "load_published_split", lambda *_: POOL)
    message = (
        f"data.counts_from=lists cannot go with data.split={word}: without records nobody can tell which photos "
        "show one bin, and such photos must not stand in different splits; "
        "use data.counts_from=records, or data.split=unc, stanford_all or stanford_150k"
    )
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        build_split_rule(DataConfig(split=word, counts_from="lists"))


def test_build_split_rule__share_of_training() -> None:
    config = DataConfig(train_share=0.5, split_seed=3)
    assert build_split_rule(config) == ThinnedSplit(GroupedSplit.of(config), 0.5, 3)
