import gzip
import json
from pathlib import Path

import pytest

from binrecon.config.split_words import Split
from binrecon.published import PublishedSplit, class_counts, load_published_split, splits


@pytest.fixture(scope="session")
def unc(real_lists: Path) -> PublishedSplit:
    return load_published_split("unc", real_lists)


@pytest.fixture(scope="session")
def stanford_all(real_lists: Path) -> PublishedSplit:
    return load_published_split("stanford_all", real_lists)


@pytest.fixture(scope="session")
def stanford_150k(real_lists: Path, unc: PublishedSplit) -> PublishedSplit:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "_read_unc_lists", lambda _: (dict(unc.counts), {}))  # once read is enough
        return load_published_split("stanford_150k", real_lists)


@pytest.fixture(scope="session")
def udacity(real_lists: Path) -> PublishedSplit:
    return load_published_split("udacity", real_lists)


@pytest.fixture
def small_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lists of a few bins that stand for the published ones, with their class counts as the published ones."""
    train = [[4, 0], [5, 1], [253, 5], [6, 2], [30174, 3], [30175, 4], [301749, 5]]
    val = [[0, 1], [30173, 2], [100000, 3], [30176, 3]]
    write_list(tmp_path / "counting_train.json", train)
    write_list(tmp_path / "counting_val.json.gz", val)
    write_list(
        tmp_path / "file_list.json", {str(count): [f"data/metadata/{count}.json"] for count in range(1, 6)}
    )
    small_counts = {
        "counting_train.json": (1, 1, 1, 1, 1, 2),
        "counting_val.json": (0, 1, 1, 2, 0, 0),
        "stanford_all train": (1, 1, 1, 0, 1, 0),
        "stanford_all test": (0, 0, 0, 1, 0, 1),
        "stanford_150k pool": (1, 2, 2, 2, 0, 0),
        "file_list.json": (0, 1, 1, 1, 1, 1),
    }
    monkeypatch.setattr(class_counts, "CLASS_COUNTS", small_counts)
    monkeypatch.setattr(splits, "STANFORD_150K_SIZES", {"train": 4, "val": 2, "test": 1})
    monkeypatch.setattr(splits, "_STANFORD_TRAIN_SIZE", 4)
    return tmp_path


def write_list(path: Path, data: object) -> Path:
    """Write data as JSON, gzipped if the name ends in `.gz`."""
    content = json.dumps(data).encode()
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
    return path


def ids_of(published: PublishedSplit, split: Split) -> list[str]:
    """Return the ids of one part, in the order of the publication."""
    assert published.splits is not None
    return [bin_id for bin_id in published.counts if published.splits[bin_id] == split]
