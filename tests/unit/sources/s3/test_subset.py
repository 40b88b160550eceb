import re
from collections import Counter
from pathlib import Path

import pytest

from binrecon.config.subset_words import parse_subset
from binrecon.errors import ManifestError, SourceError
from binrecon.manifest import GroupedSplit
from binrecon.sources.s3.subset import draw_sample, list_subset, read_ids

BUCKET = [f"{number:05d}" for number in range(1, 1001)]


def refuse_to_list() -> list[str]:
    raise AssertionError("this subset must not need the bucket's listing")


def test_list_subset__range_needs_no_listing(tmp_path: Path) -> None:
    assert list_subset(parse_subset("range:00002-00004"), tmp_path, 0, refuse_to_list) == [
        "00002",
        "00003",
        "00004",
    ]


def test_list_subset__all(tmp_path: Path) -> None:
    assert list_subset(parse_subset("all"), tmp_path, 0, lambda: BUCKET) == BUCKET


def test_list_subset__ids(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_text("523\n00523\n\n# not these\n00007  # comment\n523\n")
    assert list_subset(parse_subset(f"ids:{path}"), tmp_path, 0, refuse_to_list) == ["523", "00523", "00007"]


def test_list_subset__published(tmp_path: Path) -> None:
    (tmp_path / "file_list.json").write_text('{"1": ["data/metadata/00004.json"]}')
    with pytest.raises(ManifestError, match=r"get the list anew, whole and unchanged$"):
        list_subset(parse_subset("udacity"), tmp_path, 0, refuse_to_list)


def test_draw_sample__same_for_the_same_seed_and_nested() -> None:
    small, large = draw_sample(BUCKET, 10, 0), draw_sample(BUCKET, 100, 0)
    assert len(small) == 10
    assert set(small) < set(large)
    assert small == draw_sample(list(reversed(BUCKET)), 10, 0)
    assert small != draw_sample(BUCKET, 10, 1)
    assert small != BUCKET[:10]


def test_draw_sample__tells_nothing_of_the_split() -> None:
    """Both go by a hash of seed and id: by the same one, the test bins would be drawn first."""
    split = GroupedSplit(val_fraction=0.15, test_fraction=0.15, seed=0)
    splits = Counter(split.split_of(bin_id) for bin_id in draw_sample(BUCKET, 300, seed=0))
    assert splits["train"] / 300 == pytest.approx(0.7, abs=0.08)
    assert splits["test"] / 300 == pytest.approx(0.15, abs=0.06)


def test_draw_sample__more_than_there_are() -> None:
    with pytest.raises(SourceError, match=r"^subset=sample:1001: the bucket holds 1000 bins; ask for fewer$"):
        draw_sample(BUCKET, 1001, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"00001\n../../etc/passwd\n",
            "subset=ids:{path}, line 2: bin_id '../../etc/passwd' is not the name of a bin; an id is a file name "
            "without its suffix: 1 to 200 bytes of printable text without '/', '\\' or '..'",
        ),
        (b"\n# nothing\n", "subset=ids:{path}: holds no id; give one id a line, such as 00523"),
        (b"\xff\xfe\x00", "subset=ids:{path}: cannot be read (it is not UTF-8 text); give one id a line"),
        (None, "subset=ids:{path}: cannot be read (No such file or directory); give one id a line"),
    ],
)
def test_read_ids__says_what_is_wrong(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "ids.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=f"^{re.escape(message.format(path=path))}$"):
        read_ids(path)


def test_read_ids__too_large(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    with path.open("wb") as file:
        file.truncate(2**27)  # a hole, not 128 MiB on disk
    with pytest.raises(SourceError, match=r"more than the 67,108,864 bytes allowed\); give one id a line$"):
        read_ids(path)
