import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from binrecon.errors import SourceError
from binrecon.sources.layout import Part
from binrecon.sources.s3.bucket import ListedObject
from binrecon.sources.s3.listing import list_bucket, read_listing, write_listing

MD5 = '"d41d8cd98f00b204e9800998ecf8427e"'


class Pages:
    """A bucket of which only the keys matter."""

    def __init__(self, **pages: list[list[str]]) -> None:
        self.pages = pages

    def list_objects(self, part: Part) -> Iterator[list[ListedObject]]:
        for page in self.pages.get(part, []):
            yield [ListedObject(key, len(key), MD5) for key in page]


BUCKET = Pages(
    photo=[["bin-images/00001.jpg", "bin-images/00523.jpg"], ["bin-images/523.jpg"]],
    record=[["metadata/00001.json", "metadata/00002.json"]],
)


def test_list_bucket__every_page_of_both_parts() -> None:
    listing = list_bucket(BUCKET)
    assert listing.bin_ids == ["00001", "00002", "00523", "523"]
    assert listing.describe_odd_keys() is None


def test_find__in_the_order_asked_and_null_where_nothing_is() -> None:
    found = list_bucket(BUCKET).find("photo", ["523", "00002", "00001"])
    assert found["size"].to_pylist() == [18, None, 20]
    assert found["etag"].to_pylist() == [MD5, None, MD5]


def test_select__what_the_bucket_holds() -> None:
    assert list_bucket(BUCKET).select("record", ["00523", "00002", "00001"]) == ["00002", "00001"]


def test_list_bucket__odd_keys_are_named_not_fetched() -> None:
    odd = [
        "bin-images/deeper/00001.jpg",
        "bin-images/00001.JPG",
        "bin-images/..jpg",
        "bin-images/a\nb.jpg",
        "bin-images/.jpg",
        f"bin-images/{'9' * 300}.jpg",
        "bin-images/readme.txt",
    ]
    listing = list_bucket(Pages(photo=[["bin-images/00001.jpg", *odd]]))
    assert listing.bin_ids == ["00001"]
    assert listing.odd_keys == tuple(odd)
    assert listing.describe_odd_keys() == (
        "7 keys in the bucket are not the name of a bin and were left out: 'bin-images/deeper/00001.jpg', "
        "'bin-images/00001.JPG', 'bin-images/..jpg', 'bin-images/a\\nb.jpg', 'bin-images/.jpg', …"
    )


def test_list_bucket__holds_no_bin() -> None:
    message = "source.bucket: neither 'bin-images/*.jpg' nor 'metadata/*.json' is in the bucket; check source.prefix"
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"):
        list_bucket(Pages())


def test_write_listing__reads_back(tmp_path: Path) -> None:
    listing = list_bucket(BUCKET)
    write_listing(listing, tmp_path / "listing.parquet", tmp_path / "draft")
    again = read_listing(tmp_path / "listing.parquet")
    assert again is not None
    assert {part: table.to_pylist() for part, table in again.tables.items()} == {
        part: table.to_pylist() for part, table in listing.tables.items()
    }
    assert not (tmp_path / "draft").exists()


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more", b"PAR1" * 99])
def test_read_listing__damaged(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "listing.parquet"
    path.write_bytes(content)
    assert read_listing(path) is None
    said = capsys.readouterr().out
    assert said.startswith(f"cache: '{path}' ")
    assert said.endswith(", so the bucket is listed anew\n")


def test_read_listing__every_byte_counts(tmp_path: Path) -> None:
    path = tmp_path / "listing.parquet"
    write_listing(list_bucket(BUCKET), path, tmp_path / "draft")
    content = path.read_bytes()
    for position in range(0, len(content), 97):
        path.write_bytes(content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :])
        assert read_listing(path) is None


def test_read_listing__none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert read_listing(tmp_path / "listing.parquet") is None
    assert capsys.readouterr().out == ""
