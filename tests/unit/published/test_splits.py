import json
import re
from collections import Counter
from pathlib import Path

import pytest

from binrecon.config.split_words import PUBLISHED_SPLITS, SPLITS
from binrecon.errors import ManifestError
from binrecon.published import (
    PublishedSplit,
    load_published_ids,
    load_published_split,
    read_counting_list,
    splits,
)
from binrecon.published.class_counts import CLASS_COUNTS

from .conftest import ids_of, write_list


def count_classes(published: PublishedSplit) -> dict[str, tuple[int, ...]]:
    """Count the bins with 0 to 5 items in each part."""
    assert published.splits is not None
    assert published.splits.keys() == published.counts.keys()
    found = Counter((split, published.counts[bin_id]) for bin_id, split in published.splits.items())
    assert found.total() == sum(bins for (_, count), bins in found.items() if count in range(6))
    return {split: tuple(found[split, count] for count in range(6)) for split, _ in found}


def sizes_of(published: PublishedSplit) -> dict[str, int]:
    return {split: sum(bins) for split, bins in count_classes(published).items()}


# --- lists of a few bins


def test_load_published_split__unc_small(small_lists: Path) -> None:
    unc = load_published_split("unc", small_lists)
    assert unc.name == "unc"
    assert ids_of(unc, "train") == ["00005", "00006", "00254", "00007", "30175", "30176", "301750"]
    assert ids_of(unc, "val") == ["00001", "30174", "100001", "30177"]
    assert not unc.has_test
    assert unc.counts["00254"] == 5


@pytest.mark.parametrize("seed", [0, 7])
def test_load_published_split__stanford_all_small(small_lists: Path, seed: int) -> None:
    stanford_all = load_published_split("stanford_all", small_lists, seed)
    # without 00254, abcdef becomes abcefd: see test_shuffle.py
    assert ids_of(stanford_all, "train") == ["00005", "00006", "00007", "30176"]
    assert ids_of(stanford_all, "test") == ["301750", "30175"]
    assert ids_of(stanford_all, "val") == ["00001", "30174", "100001", "30177"]
    assert stanford_all.has_test


def test_load_published_split__stanford_all_of_another_order(small_lists: Path) -> None:
    train = json.loads((small_lists / "counting_train.json").read_bytes())
    write_list(small_lists / "counting_train.json", train[::-1])
    lines = (
        "  stanford_all train, recorded count 0: found 0, published 1",
        "  stanford_all test, recorded count 0: found 1, published 0",
    )
    with pytest.raises(ManifestError) as caught:
        load_published_split("stanford_all", small_lists)
    assert set(lines) <= set(str(caught.value).splitlines())


def test_load_published_split__stanford_150k_small(small_lists: Path) -> None:
    small = load_published_split("stanford_150k", small_lists)
    assert list(small.counts) == ["00001", "00005", "00006", "00007", "100001", "30174", "30175"]
    assert sizes_of(small) == {"train": 4, "val": 2, "test": 1}
    assert load_published_split("stanford_150k", small_lists) == small
    others = [load_published_split("stanford_150k", small_lists, seed) for seed in range(1, 6)]
    assert all(list(other.counts.items()) == list(small.counts.items()) for other in others)
    assert len({tuple(ids_of(other, "val")) for other in others}) > 1


def test_load_published_split__stanford_150k_does_not_see_the_order_of_lists(small_lists: Path) -> None:
    before = load_published_split("stanford_150k", small_lists, seed=3)
    train = json.loads((small_lists / "counting_train.json").read_bytes())
    write_list(small_lists / "counting_train.json", train[::-1])
    assert load_published_split("stanford_150k", small_lists, seed=3) == before


def test_load_published_split__stanford_150k_of_other_bins(small_lists: Path) -> None:
    train = json.loads((small_lists / "counting_train.json").read_bytes())
    train[0][0] = 400_000
    write_list(small_lists / "counting_train.json", train)
    line = "\n  stanford_150k pool, recorded count 0: found 0, published 1\n"
    with pytest.raises(ManifestError, match=line):
        load_published_split("stanford_150k", small_lists)


def test_load_published_split__udacity_small(small_lists: Path) -> None:
    udacity = load_published_split("udacity", small_lists)
    assert udacity == PublishedSplit("udacity", {str(count): count for count in range(1, 6)}, None)
    assert udacity.has_test


@pytest.mark.parametrize("name", ["unc", "stanford_all", "stanford_150k"])
def test_load_published_split__overlapping_lists(name: str, small_lists: Path) -> None:
    train_path, val_path = small_lists / "counting_train.json", small_lists / "counting_val.json.gz"
    write_list(val_path, [[6, 1], [5, 2], [100000, 3], [30176, 3]])
    message = (
        f"2 bins are in '{train_path}' and in '{val_path}', bin '00006' for one, "
        "but the published lists share none; get both anew, whole and unchanged"
    )
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        load_published_split(name, small_lists)


def test_load_published_ids__small(small_lists: Path) -> None:
    assert load_published_ids("udacity", small_lists) == ["1", "2", "3", "4", "5"]
    assert load_published_ids("unc", small_lists)[5:9] == ["30176", "301750", "00001", "30174"]


@pytest.mark.parametrize("name", ["unc", "stanford_all", "stanford_150k"])
def test_load_published_split__short_lists(name: str, tmp_path: Path) -> None:
    write_list(tmp_path / "counting_train.json", [[0, 3], [1, 3]])
    write_list(tmp_path / "counting_val.json.gz", [])
    with pytest.raises(ManifestError) as caught:
        load_published_split(name, tmp_path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 1 + 6 + 6 + 1
    assert lines[4] == "  counting_train.json, recorded count 3: found 2, published 81,107"
    assert lines[7] == "  counting_val.json, recorded count 0: found 0, published 966"


@pytest.mark.parametrize("name", PUBLISHED_SPLITS)
def test_load_published_split__no_lists(name: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=rf"^lists_dir: '{tmp_path}' lacks a list \(looked for "):
        load_published_split(name, tmp_path)


@pytest.mark.parametrize("load", [load_published_split, load_published_ids])
def test_load_published_split__unknown(load: type, tmp_path: Path) -> None:
    message = "published split 'UNC' is unknown; choose one of unc, stanford_all, stanford_150k, udacity"
    with pytest.raises(ManifestError, match=f"^{message}$"):
        load("UNC", tmp_path)


# --- the real lists


def test_load_published_split__unc(unc: PublishedSplit) -> None:
    assert unc.name == "unc"
    found = count_classes(unc)
    assert found == {"train": CLASS_COUNTS["counting_train.json"], "val": CLASS_COUNTS["counting_val.json"]}
    assert {split: sum(bins) for split, bins in found.items()} == {"train": 324_735, "val": 36_032}
    assert not unc.has_test


def test_load_published_split__stanford_all(stanford_all: PublishedSplit, unc: PublishedSplit) -> None:
    assert stanford_all.name == "stanford_all"
    found = count_classes(stanford_all)
    assert found == {
        "train": CLASS_COUNTS["stanford_all train"],
        "val": CLASS_COUNTS["counting_val.json"],
        "test": CLASS_COUNTS["stanford_all test"],
    }
    assert [sum(found[split]) for split in SPLITS] == [288_734, 36_032, 36_000]
    assert ids_of(stanford_all, "val") == ids_of(unc, "val")
    assert stanford_all.has_test
    assert {**stanford_all.counts, "00254": 5} == unc.counts


def test_load_published_split__stanford_all_order(stanford_all: PublishedSplit) -> None:
    second = ids_of(stanford_all, "test")[1]
    assert (second, stanford_all.counts[second]) == ("133874", 3)  # test[1] == [133873, 3]


def test_load_published_split__stanford_150k(stanford_150k: PublishedSplit, unc: PublishedSplit) -> None:
    assert stanford_150k.name == "stanford_150k"
    found = count_classes(stanford_150k)
    assert [sum(found[split]) for split in SPLITS] == [109_306, 31_230, 15_616]
    assert tuple(map(sum, zip(*found.values(), strict=True))) == CLASS_COUNTS["stanford_150k pool"]
    assert stanford_150k.has_test
    assert all(unc.counts[bin_id] == count for bin_id, count in stanford_150k.counts.items())
    ids = list(stanford_150k.counts)
    assert ids == sorted(ids)
    assert [bin_id for bin_id in ids if len(bin_id) == 5][-1] == ids[-1] == "30175"
    assert [bin_id for bin_id in ids if len(bin_id) == 6][-1] == "301748"
    assert "00254" not in stanford_150k.counts


def test_load_published_split__stanford_150k_seed(
    stanford_150k: PublishedSplit, unc: PublishedSplit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(splits, "_read_unc_lists", lambda _: (dict(unc.counts), {}))  # once read is enough
    other = load_published_split("stanford_150k", tmp_path, seed=1)
    assert sizes_of(other) == sizes_of(stanford_150k)
    stayed = set(ids_of(other, "test")) & set(ids_of(stanford_150k, "test"))
    assert len(stayed) == pytest.approx(15_616 * 0.1, rel=0.1)


def test_load_published_split__stanford_150k_never_changes(stanford_150k: PublishedSplit) -> None:
    assert ids_of(stanford_150k, "test")[:3] == ["00007", "00037", "00042"]
    assert count_classes(stanford_150k)["test"] == (421, 1_816, 3_345, 3_857, 3_559, 2_618)


def test_load_published_split__udacity(udacity: PublishedSplit) -> None:
    assert udacity.name == "udacity"
    assert len(udacity.counts) == 10_441
    assert Counter(udacity.counts.values()) == {1: 1_228, 2: 2_299, 3: 2_666, 4: 2_373, 5: 1_875}
    assert udacity.splits is None


def test_load_published_split__tampered(real_lists: Path, tmp_path: Path) -> None:
    entries = [
        [int(bin_id) - 1, count]
        for bin_id, count in read_counting_list(real_lists / "counting_val.json.gz").items()
    ]
    entries[0][1] = 4  # was 5
    write_list(tmp_path / "counting_val.json", entries)
    (tmp_path / "counting_train.json.gz").symlink_to(real_lists / "counting_train.json.gz")
    lines = (
        "  counting_val.json, recorded count 4: found 8,055, published 8,054\n"
        "  counting_val.json, recorded count 5: found 6,340, published 6,341\n"
    )
    with pytest.raises(ManifestError, match=f":\n{lines}get the lists anew"):
        load_published_split("stanford_all", tmp_path)


def test_load_published_ids(real_lists: Path, udacity: PublishedSplit) -> None:
    ids = load_published_ids("udacity", real_lists)
    assert ids == list(udacity.counts)
    assert ids[:2] == ["100313", "09915"]
