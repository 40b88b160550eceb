"""Readers of the lists of bins that others published; the lists are not part of binrecon."""

import re
import reprlib
from collections import Counter
from pathlib import Path
from typing import TypeGuard

from binrecon.errors import ManifestError
from binrecon.published.json_file import REMEDY, read_json

UNC_TRAIN_LIST = "counting_train.json"
UNC_VAL_LIST = "counting_val.json"
UDACITY_LIST = "file_list.json"

LIST_ORIGINS = (
    "counting_train.json and counting_val.json ship in the GitHub repository "
    "pablo-tech/Image-Inventory-Reconciliation-with-SVM-and-CNN under data-processing/, "
    "file_list.json in udacity/nd009t-capstone-starter under starter/"
)
"""Origin of the lists, as a part of a message."""

_FILE_LIST_KEYS = ("1", "2", "3", "4", "5")
_RECORD_PATH = re.compile(r"data/metadata/([0-9]+)\.json")  # only digits: an id never leaves its folder


def find_list(lists_dir: Path, name: str) -> Path:
    """Return the path of a list: `name` in the folder, else `name.gz`.

    Raises:
        ManifestError: If the folder or the list is not there.
    """
    names = (name, f"{name}.gz")
    try:
        for path in (lists_dir / name for name in names):
            if path.is_file():
                return path
        fault = _describe_missing(lists_dir)
    except OSError as error:
        fault = f"cannot be searched: {error.strerror or error}"
    raise ManifestError(
        f"lists_dir: '{lists_dir}' {fault} (looked for '{names[0]}' and '{names[1]}'); "
        f"the lists are not part of binrecon: {LIST_ORIGINS}; "
        "put them into one folder and name it with lists_dir=PATH or in the environment as BINRECON_LISTS"
    )


def read_counting_list(path: Path) -> dict[str, int]:
    """Read one of UNC's lists, `[[index, count], ...]`.

    UNC numbers bins from 0, the bucket from 1: index 253 is bin `00254`.

    Args:
        path: A `.json` or `.json.gz` file.

    Returns:
        The recorded count of each bin by its id, in the order of the list.

    Raises:
        ManifestError: If the file cannot be read, is no such list, or lists a bin twice.
    """
    entries = read_json(path)
    if not isinstance(entries, list):
        raise ManifestError(
            f"list '{path}' is {reprlib.repr(entries)}, not a list of [index, count]; {REMEDY}"
        )
    for position, entry in enumerate(entries):
        if not _is_counting_entry(entry):
            raise ManifestError(
                f"list '{path}': entry {position} (the first is 0) is {reprlib.repr(entry)}, "
                f"not [index, count], two whole numbers of at least 0; {REMEDY}"
            )
    counts = {f"{index + 1:05d}": count for index, count in entries}
    if len(counts) < len(entries):
        index, times = Counter(index for index, _ in entries).most_common(1)[0]
        raise ManifestError(
            f"list '{path}': index {index} (bin '{index + 1:05d}') is listed {times} times; {REMEDY}"
        )
    return counts


def read_file_list(path: Path) -> dict[str, int]:
    """Read Udacity's list, `{"1": ["data/metadata/00001.json", ...], ..., "5": [...]}`.

    Ids are verbatim: `523` and `00523` are different bins. Else as `read_counting_list`.
    """
    record_paths = read_json(path)
    if not (isinstance(record_paths, dict) and set(record_paths) == set(_FILE_LIST_KEYS)):
        raise ManifestError(
            f"list '{path}' is {reprlib.repr(record_paths)}, "
            f'not an object with the counts "1" to "5" as its keys; {REMEDY}'
        )
    counts: dict[str, int] = {}
    for key, paths_of_count in record_paths.items():
        for bin_id in _read_bin_ids(path, key, paths_of_count):
            if bin_id in counts:
                raise ManifestError(
                    f"list '{path}': bin '{bin_id}' is listed twice, "
                    f'under "{counts[bin_id]}" and under "{key}"; {REMEDY}'
                )
            counts[bin_id] = int(key)
    return counts


def _describe_missing(lists_dir: Path) -> str:
    if not lists_dir.exists():
        return "does not exist"
    return "lacks a list" if lists_dir.is_dir() else "is not a folder"


def _is_counting_entry(entry: object) -> TypeGuard[list[int]]:
    """Return whether an entry is two whole numbers of at least 0; `true` and `3.0` are none."""
    if not (isinstance(entry, list) and len(entry) == 2):
        return False
    index, count = entry
    return type(index) is int and type(count) is int and index >= 0 and count >= 0


def _read_bin_ids(path: Path, key: str, record_paths: object) -> list[str]:
    """Return the ids of the bins that Udacity lists under one count."""
    if not isinstance(record_paths, list):
        raise ManifestError(
            f"list '{path}': \"{key}\" holds {reprlib.repr(record_paths)}, not a list; {REMEDY}"
        )
    bin_ids = []
    for record_path in record_paths:
        match = _RECORD_PATH.fullmatch(record_path) if isinstance(record_path, str) else None
        if match is None:
            raise ManifestError(
                f"list '{path}': \"{key}\" lists {reprlib.repr(record_path)}, "
                f"not data/metadata/ID.json with digits as the id; {REMEDY}"
            )
        bin_ids.append(match[1])
    return bin_ids
