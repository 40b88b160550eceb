import re
from itertools import chain, repeat
from pathlib import Path

import pytest

from binrecon.errors import ManifestError
from binrecon.published.class_counts import (
    CLASS_COUNTS,
    STANFORD_150K_SIZES,
    check_class_counts,
    count_published,
)

SIZES = {
    "counting_train.json": 324_735,
    "counting_val.json": 36_032,
    "stanford_all train": 288_734,
    "stanford_all test": 36_000,
    "stanford_150k pool": 156_152,
    "file_list.json": 10_441,
}


def draw_counts(name: str) -> list[int]:
    """Return as many recorded counts as were published under a name."""
    return list(chain.from_iterable(repeat(count, bins) for count, bins in enumerate(CLASS_COUNTS[name])))


def test_class_counts__sum_to_the_published_sizes() -> None:
    assert {name: sum(counts) for name, counts in CLASS_COUNTS.items()} == SIZES
    assert sum(STANFORD_150K_SIZES.values()) == SIZES["stanford_150k pool"]


@pytest.mark.parametrize(
    ("split", "sizes"),
    [
        ("unc", {"train": 324_735, "val": 36_032}),
        ("stanford_all", {"train": 288_734, "val": 36_032, "test": 36_000}),
        ("stanford_150k", {"train": 109_306, "val": 31_230, "test": 15_616}),
        ("udacity", {"all": 10_441}),
    ],
)
def test_count_published(split: str, sizes: dict[str, int]) -> None:
    assert count_published(split) == sizes


def test_count_published__no_such_split() -> None:
    with pytest.raises(ValueError, match="'grouped' is no published split; there are unc, stanford_all"):
        count_published("grouped")


def test_class_counts__stanford_150k_is_the_sum_of_its_printed_parts() -> None:
    train = (2_936, 12_560, 23_321, 27_073, 24_452, 18_964)
    val = (907, 3_641, 6_635, 7_912, 6_849, 5_286)
    test = (433, 1_748, 3_374, 3_938, 3_464, 2_659)
    assert CLASS_COUNTS["stanford_150k pool"] == tuple(map(sum, zip(train, val, test, strict=True)))
    assert dict(STANFORD_150K_SIZES) == {"train": sum(train), "val": sum(val), "test": sum(test)}


def test_class_counts__stanford_all_is_unc_less_one_bin_of_five() -> None:
    parts = zip(CLASS_COUNTS["stanford_all train"], CLASS_COUNTS["stanford_all test"], strict=True)
    *fewer, fives = CLASS_COUNTS["counting_train.json"]
    assert [sum(part) for part in parts] == [*fewer, fives - 1]


@pytest.mark.parametrize("name", SIZES)
def test_check_class_counts(name: str, tmp_path: Path) -> None:
    check_class_counts({name: draw_counts(name)}, tmp_path)


def test_check_class_counts__names_every_mismatch(tmp_path: Path) -> None:
    train = draw_counts("counting_train.json")
    train[-1] = 17
    message = (
        f"the lists in '{tmp_path}' do not give the published numbers of bins:\n"
        "  counting_train.json, recorded count 5: found 56,106, published 56,107\n"
        "  counting_train.json, recorded count 17: found 1, published 0\n"
        "  file_list.json, recorded count 0: found 2, published 0\n"
        "  file_list.json, recorded count 1: found 0, published 1,228\n"
        "  file_list.json, recorded count 2: found 0, published 2,299\n"
        "  file_list.json, recorded count 3: found 0, published 2,666\n"
        "  file_list.json, recorded count 4: found 0, published 2,373\n"
        "  file_list.json, recorded count 5: found 0, published 1,875\n"
        "get the lists anew, whole, unchanged and in their order: counting_train.json and counting_val.json ship "
        "in the GitHub repository pablo-tech/Image-Inventory-Reconciliation-with-SVM-and-CNN under "
        "data-processing/, file_list.json in udacity/nd009t-capstone-starter under starter/"
    )
    found = {
        "counting_train.json": train,
        "counting_val.json": draw_counts("counting_val.json"),
        "file_list.json": [0, 0],
    }
    with pytest.raises(ManifestError, match=f"^{re.escape(message)}$"):
        check_class_counts(found, tmp_path)
