"""Published numbers of bins by recorded count, and the check that lists agree."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from binrecon.config.split_words import PUBLISHED_SPLITS, Split
from binrecon.errors import ManifestError
from binrecon.published.lists import LIST_ORIGINS, UDACITY_LIST, UNC_TRAIN_LIST, UNC_VAL_LIST

STANFORD_ALL_TRAIN = "stanford_all train"
STANFORD_ALL_TEST = "stanford_all test"
STANFORD_150K_POOL = "stanford_150k pool"

CLASS_COUNTS: Mapping[str, tuple[int, ...]] = {
    # https://github.com/silverbottlep/abid_challenge (counting, moderate): 324,735 and 36,032 bins. Counted
    # in the copies that pablo-tech/Image-Inventory-Reconciliation-with-SVM-and-CNN ships in data-processing/.
    UNC_TRAIN_LIST: (8_735, 37_049, 69_241, 81_107, 72_496, 56_107),
    UNC_VAL_LIST: (966, 4_098, 7_622, 8_951, 8_054, 6_341),
    # UNC's train list, less the test below, less one bin of 5 items whose photo Stanford lacked: 288,734
    # bins, as data-processing/MakeTestData.ipynb of that repository cuts them.
    STANFORD_ALL_TRAIN: (7_795, 32_988, 61_614, 72_173, 64_353, 49_811),
    # Rows of the confusion matrix in EvaluateModel.ipynb of that repository: 36,000 bins.
    STANFORD_ALL_TEST: (940, 4_061, 7_627, 8_934, 8_143, 6_295),
    # Sum of the three parts that data-processing/MakeTestData.ipynb prints, 156,152 bins.
    STANFORD_150K_POOL: (4_276, 17_949, 33_330, 38_923, 34_765, 26_909),
    # https://github.com/udacity/nd009t-capstone-starter, starter/file_list.json: 10,441 bins.
    UDACITY_LIST: (0, 1_228, 2_299, 2_666, 2_373, 1_875),
}
"""Bins with 0, 1, ... 5 items in each published list, split or pool."""

# Printed by data-processing/MakeTestData.ipynb: 70, 20 and 10 % of the pool.
STANFORD_150K_SIZES: Mapping[Split, int] = {"train": 109_306, "val": 31_230, "test": 15_616}
"""Bins in each part of Stanford's "150K" images."""


def count_published(split: str) -> dict[str, int]:
    """Count the bins of each part of a published split, or of `all` where only the pool was published.

    Args:
        split: One of `PUBLISHED_SPLITS`.

    >>> count_published("unc"), count_published("udacity")
    ({'train': 324735, 'val': 36032}, {'all': 10441})
    """
    val = sum(CLASS_COUNTS[UNC_VAL_LIST])
    match split:
        case "unc":
            return {"train": sum(CLASS_COUNTS[UNC_TRAIN_LIST]), "val": val}
        case "stanford_all":
            train, test = (sum(CLASS_COUNTS[name]) for name in (STANFORD_ALL_TRAIN, STANFORD_ALL_TEST))
            return {"train": train, "val": val, "test": test}
        case "stanford_150k":
            return {str(part): bins for part, bins in STANFORD_150K_SIZES.items()}
        case "udacity":
            return {"all": sum(CLASS_COUNTS[UDACITY_LIST])}
    raise ValueError(f"'{split}' is no published split; there are {', '.join(PUBLISHED_SPLITS)}")


def check_class_counts(found: Mapping[str, Iterable[int]], lists_dir: Path) -> None:
    """Refuse lists that do not have the published number of bins of every recorded count.

    Args:
        found: The recorded count of every bin, by a name of `CLASS_COUNTS`.
        lists_dir: Folder of the lists, for the message.

    Raises:
        ManifestError: If a number differs; the message names them all.
    """
    faults = [fault for name, counts in found.items() for fault in _find_faults(name, counts)]
    if faults:
        raise ManifestError(
            f"the lists in '{lists_dir}' do not give the published numbers of bins:\n  "
            + "\n  ".join(faults)
            + f"\nget the lists anew, whole, unchanged and in their order: {LIST_ORIGINS}"
        )


def _find_faults(name: str, counts: Iterable[int]) -> list[str]:
    found = Counter(counts)
    published = dict(enumerate(CLASS_COUNTS[name]))
    return [
        f"{name}, recorded count {count}: found {found[count]:,}, published {published.get(count, 0):,}"
        for count in sorted(found.keys() | published.keys())
        if found[count] != published.get(count, 0)
    ]
