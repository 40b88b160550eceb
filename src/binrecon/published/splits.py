"""Published splits of the dataset, rebuilt exactly from their lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

from binrecon.config.split_words import PUBLISHED_SPLITS, Split
from binrecon.errors import ManifestError
from binrecon.published.class_counts import (
    STANFORD_150K_POOL,
    STANFORD_150K_SIZES,
    STANFORD_ALL_TEST,
    STANFORD_ALL_TRAIN,
    check_class_counts,
)
from binrecon.published.lists import (
    UDACITY_LIST,
    UNC_TRAIN_LIST,
    UNC_VAL_LIST,
    find_list,
    read_counting_list,
    read_file_list,
)
from binrecon.published.shuffle import shuffle_as_python_2

# Stanford's repository is https://github.com/pablo-tech/Image-Inventory-Reconciliation-with-SVM-and-CNN.
# Seed and size: data-processing/MakeTestData.ipynb, cell 2, run with Python 2.7.
_STANFORD_SEED = 5
_STANFORD_TRAIN_SIZE = 288_734
# UNC's index 253, whose photo Stanford lacked: the notebook has 324,734 of UNC's 324,735 bins, and without
# this one the test's class counts match, and its second bin, which data-processing/making_data.ipynb prints.
_STANFORD_ABSENT_ID = "00254"
# Last photo, by name, of the part of the bucket that Stanford had at first: so all six class counts match.
_STANFORD_150K_LAST_PHOTO = "30175.jpg"


@dataclass(frozen=True)
class PublishedSplit:
    """Bins of a published split.

    Args:
        name: One of `PUBLISHED_SPLITS`.
        counts: The recorded count of every bin, by its id, in the order of the publication.
        splits: The split of every bin; None where only the pool of bins was published, not how it was split.
    """

    name: str
    counts: Mapping[str, int]
    splits: Mapping[str, Split] | None

    @property
    def has_test(self) -> bool:
        """Return whether there are test bins; UNC chose epochs and reported on one list, its `val`."""
        return self.splits is None or "test" in self.splits.values()


def load_published_split(name: str, lists_dir: Path, seed: int = 0) -> PublishedSplit:
    """Rebuild a published split from the lists it was made of.

    The class counts of every list and of every rebuilt part are compared with the published ones. None of
    these splits keeps the photos of one bin together: they serve to compare with published numbers.

    Args:
        name: One of `PUBLISHED_SPLITS`.
        lists_dir: Folder of the lists, each as `.json` or `.json.gz`.
        seed: Chooses another split of `stanford_150k`, whose own is lost; of no effect on the others.

    Raises:
        ManifestError: If the name is unknown, or a list is missing, damaged or not the published one.
    """
    match name:
        case "unc":
            return _load_unc(lists_dir)
        case "stanford_all":
            return _load_stanford_all(lists_dir)
        case "stanford_150k":
            return _load_stanford_150k(lists_dir, seed)
        case "udacity":
            return _load_udacity(lists_dir)
    raise ManifestError(f"published split {name!r} is unknown; choose one of {', '.join(PUBLISHED_SPLITS)}")


def load_published_ids(name: str, lists_dir: Path) -> list[str]:
    """Return the ids of the bins that a published split uses, in the order of the publication.

    Args:
        name: One of `PUBLISHED_SPLITS`.
        lists_dir: Folder of the lists, each as `.json` or `.json.gz`.

    Raises:
        ManifestError: If the name is unknown, or a list is missing, damaged or not the published one.
    """
    return list(load_published_split(name, lists_dir).counts)


def _load_unc(lists_dir: Path) -> PublishedSplit:
    train, val = _read_unc_lists(lists_dir)
    return _assemble("unc", {"train": train, "val": val})


def _load_stanford_all(lists_dir: Path) -> PublishedSplit:
    """Cut UNC's train list in two after a shuffle; UNC's val list stays as it is."""
    unc_train, val = _read_unc_lists(lists_dir)
    present = (bin_id for bin_id in unc_train if bin_id != _STANFORD_ABSENT_ID)
    order = shuffle_as_python_2(present, _STANFORD_SEED)
    train = {bin_id: unc_train[bin_id] for bin_id in order[:_STANFORD_TRAIN_SIZE]}
    test = {bin_id: unc_train[bin_id] for bin_id in order[_STANFORD_TRAIN_SIZE:]}
    check_class_counts({STANFORD_ALL_TRAIN: train.values(), STANFORD_ALL_TEST: test.values()}, lists_dir)
    return _assemble("stanford_all", {"train": train, "val": val, "test": test})


def _load_stanford_150k(lists_dir: Path, seed: int) -> PublishedSplit:
    """Split the pool into parts of the published sizes.

    Stanford shuffled lists that are not published, so the parts are drawn anew: the ids of the pool are
    sorted, shuffled with `seed`, and cut into train, val and test. The pool has no published order either;
    it is in the order of its ids, as the bucket lists them.
    """
    train, val = _read_unc_lists(lists_dir)
    everything = train | val
    pool_ids = (bin_id for bin_id in everything if f"{bin_id}.jpg" <= _STANFORD_150K_LAST_PHOTO)
    pool = {bin_id: everything[bin_id] for bin_id in sorted(pool_ids) if bin_id != _STANFORD_ABSENT_ID}
    check_class_counts({STANFORD_150K_POOL: pool.values()}, lists_dir)
    parts = chain.from_iterable(repeat(split, size) for split, size in STANFORD_150K_SIZES.items())
    splits = dict(zip(shuffle_as_python_2(pool, seed), parts, strict=True))
    return PublishedSplit("stanford_150k", pool, splits)


def _load_udacity(lists_dir: Path) -> PublishedSplit:
    pool = read_file_list(find_list(lists_dir, UDACITY_LIST))
    check_class_counts({UDACITY_LIST: pool.values()}, lists_dir)
    return PublishedSplit("udacity", pool, None)


def _read_unc_lists(lists_dir: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Read UNC's train and val list, and refuse them unless they are as published and disjoint."""
    train_path, val_path = (find_list(lists_dir, name) for name in (UNC_TRAIN_LIST, UNC_VAL_LIST))
    train, val = read_counting_list(train_path), read_counting_list(val_path)
    check_class_counts({UNC_TRAIN_LIST: train.values(), UNC_VAL_LIST: val.values()}, lists_dir)
    shared = sorted(train.keys() & val.keys())
    if shared:
        raise ManifestError(
            f"{len(shared):,} bins are in '{train_path}' and in '{val_path}', bin '{shared[0]}' for one, "
            "but the published lists share none; get both anew, whole and unchanged"
        )
    return train, val


def _assemble(name: str, parts: Mapping[Split, Mapping[str, int]]) -> PublishedSplit:
    """Join disjoint parts."""
    counts: dict[str, int] = {}
    splits: dict[str, Split] = {}
    for split, part in parts.items():
        counts.update(part)
        splits.update(dict.fromkeys(part, split))
    return PublishedSplit(name, counts, splits)
