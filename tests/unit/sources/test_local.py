import errno
import re
from pathlib import Path

import pytest

from binrecon.errors import MissingBinError, SourceError, UnreadableBinError
from binrecon.sources import BinListing, BinStamp, LocalSource
from binrecon.sources.layout import MAX_BYTES
from binrecon.sources.source import UNKNOWN_STAMP


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "bin-images").mkdir()
    (tmp_path / "metadata").mkdir()
    for bin_id in ("523", "00523", "100000"):
        (tmp_path / "bin-images" / f"{bin_id}.jpg").write_bytes(f"photo {bin_id}".encode())
        (tmp_path / "metadata" / f"{bin_id}.json").write_bytes(f"record {bin_id}".encode())
    return tmp_path


def test_list_bins__sorted_and_verbatim(root: Path) -> None:
    ids = ["00523", "100000", "523"]
    assert LocalSource(root).list_bins() == BinListing(ids, ids)


def test_list_bins__half_bins_are_listed(root: Path) -> None:
    (root / "bin-images" / "523.jpg").unlink()
    (root / "metadata" / "00523.json").unlink()
    assert LocalSource(root).list_bins() == BinListing(["00523", "100000"], ["100000", "523"])


def test_list_bins__other_spellings_of_jpg(root: Path) -> None:
    for name in ("00001.JPG", "00002.jpeg", "00003.JPEG"):
        (root / "bin-images" / name).write_text(name)
    source = LocalSource(root)
    assert source.list_bins().photo_ids == ["00001", "00002", "00003", "00523", "100000", "523"]
    assert source.read_photo("00003") == LocalSource(root).read_photo("00003") == b"00003.JPEG"
    assert source.stamp("00002").photo is not None


def test_list_bins__what_is_left_out_is_said(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("00001.png", "00003.json", "00004.jpg.part", "Thumbs.db", ".DS_Store", "._523.jpg", ".jpg"):
        (root / "bin-images" / name).touch()
    (root / "bin-images" / "more").mkdir()
    (root / "metadata" / "a\x1b[2J.txt").touch()
    assert LocalSource(root).list_bins().photo_ids == ["00523", "100000", "523"]
    photos, records = capsys.readouterr().out.splitlines()
    assert photos.startswith(
        "bin-images: 4 entries are no photo (a file that ends in .jpg or .jpeg) and left out, for instance '"
    )
    assert records == (
        "metadata: 1 entry is no record (a file that ends in .json) and left out, for instance 'a\\x1b[2J.txt'"
    )


def test_list_bins__hidden_files_are_no_bins(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("._00523.jpg", ".hidden.jpg", ".jpg", "Thumbs.db"):
        (root / "bin-images" / name).touch()
    assert LocalSource(root).list_bins().photo_ids == ["00523", "100000", "523"]
    assert capsys.readouterr().out == ""


def test_list_bins__odd_names_with_the_suffix_are_bins(root: Path) -> None:
    for name in ("copy of 523.jpg", "00001.jpg.jpg"):
        (root / "bin-images" / name).touch()
    assert LocalSource(root).list_bins().photo_ids == ["00001.jpg", "00523", "100000", "523", "copy of 523"]


def test_list_bins__folders_are_no_bins(root: Path) -> None:
    (root / "bin-images" / "00001.jpg").mkdir()
    (root / "metadata" / "00001.json").mkdir()
    ids = ["00523", "100000", "523"]
    assert LocalSource(root).list_bins() == BinListing(ids, ids)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a..b", "a..b"),
        ("z" * 240, "z" * 240),
        ("\x1b[31mred\n", "\\x1b[31mred\\n"),
        ("caf\udce9", "caf\\xe9"),
        ("a\\x1b", "a\\\\x1b"),
    ],
)
def test_list_bins__a_name_that_is_no_id_is_listed_and_refused(root: Path, name: str, shown: str) -> None:
    (root / "bin-images" / f"{name}.jpg").write_bytes(b"photo")
    source = LocalSource(root)
    assert source.list_bins().photo_ids == sorted(["00523", "100000", "523", shown])
    with pytest.raises(UnreadableBinError, match="cannot be read: its file name is not 1 to 200 bytes"):
        source.read_photo(shown)
    with pytest.raises(MissingBinError):
        source.read_record(shown)
    assert source.stamp(shown) == BinStamp(UNKNOWN_STAMP, None)


def test_list_bins__two_files_of_one_bin(root: Path) -> None:
    (root / "bin-images" / "523.JPG").write_bytes(b"another")
    source = LocalSource(root)
    assert source.list_bins().photo_ids == ["00523", "100000", "523"]
    with pytest.raises(UnreadableBinError, match=r"'523.JPG', '523.jpg' are 2 files of one bin; keep one$"):
        source.read_photo("523")
    assert source.read_record("523") == b"record 523"


def test_list_bins__a_folder_that_cannot_be_listed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("os.scandir", fail)
    message = f"source.root: '{root}/bin-images' cannot be listed (Input/output error); mend the disk"
    with pytest.raises(SourceError, match=f"^{re.escape(message)}"):
        LocalSource(root).list_bins()


def test_list_bins__one_folder_is_enough(root: Path) -> None:
    for photo in (root / "bin-images").iterdir():
        photo.unlink()
    (root / "bin-images").rmdir()
    assert LocalSource(root).list_bins() == BinListing([], ["00523", "100000", "523"])


def test_list_bins__no_root(tmp_path: Path) -> None:
    message = (
        f"source.root: '{tmp_path}/gone' does not exist; "
        "name the folder that holds 'bin-images/' and 'metadata/'"
    )
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"):
        LocalSource(tmp_path / "gone").list_bins()


def test_list_bins__root_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "bins.zip").touch()
    message = (
        f"source.root: '{tmp_path}/bins.zip' is a file, not a folder; "
        "name the folder that holds 'bin-images/' and 'metadata/'"
    )
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"):
        LocalSource(tmp_path / "bins.zip").list_bins()


def test_list_bins__root_without_folders(tmp_path: Path) -> None:
    message = (
        f"source.root: '{tmp_path}' holds neither 'bin-images/' nor 'metadata/'; "
        "name the folder that holds both"
    )
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"):
        LocalSource(tmp_path).list_bins()


def test_list_bins__no_bin(tmp_path: Path) -> None:
    (tmp_path / "bin-images").mkdir()
    (tmp_path / "bin-images" / "00001.png").touch()
    message = (
        f"source.root: '{tmp_path}' holds no bin: no file 'bin-images/*.jpg' and no file 'metadata/*.json'; "
        "copy the bins there first, or name another folder"
    )
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"):
        LocalSource(tmp_path).list_bins()


def test_read__bytes_as_stored(root: Path) -> None:
    source = LocalSource(root)
    assert source.read_photo("523") == b"photo 523"
    assert source.read_photo("00523") == b"photo 00523"
    assert source.read_record("00523") == b"record 00523"


def test_read_photo__missing(root: Path) -> None:
    message = f"bin '00524' has no photo: '{root}/bin-images/00524.jpg' does not exist"
    with pytest.raises(MissingBinError, match=f"^{re.escape(message)}$"):
        LocalSource(root).read_photo("00524")


def test_read_photo__cannot_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("os.open", refuse)
    message = (
        f"bin '523': its photo '{root}/bin-images/523.jpg' cannot be read (Permission denied); "
        "give yourself the right to read it, or move the file away"
    )
    with pytest.raises(UnreadableBinError, match=f"^{re.escape(message)}$"):
        LocalSource(root).read_photo("523")


def test_read_photo__too_large(root: Path) -> None:
    with (root / "bin-images" / "523.jpg").open("wb") as file:
        file.truncate(MAX_BYTES["photo"] + 1)  # a hole, not 50 MB on disk
    with pytest.raises(UnreadableBinError, match=r"\(it has more than the 50,000,000 bytes allowed\)"):
        LocalSource(root).read_photo("523")


def test_read_record__missing(root: Path) -> None:
    message = f"bin '00524' has no record: '{root}/metadata/00524.json' does not exist"
    with pytest.raises(MissingBinError, match=f"^{re.escape(message)}$"):
        LocalSource(root).read_record("00524")


@pytest.mark.parametrize(
    "bin_id", ["", "..", "../metadata/523", "a/b", "a\\b", "/etc/passwd", "523\0", "\udcff", "a..b", "5\n3"]
)
def test_read__refuses_what_could_leave_the_folder(root: Path, bin_id: str) -> None:
    message = (
        f"bin_id {bin_id!r} is not the name of a bin; an id is a file name without its suffix: "
        "1 to 200 bytes of printable text without '/', '\\' or '..'"
    )
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$") as caught:
        LocalSource(root).read_photo(bin_id)
    assert not isinstance(caught.value, MissingBinError)
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"):
        LocalSource(root).read_record(bin_id)


def test_prepare__changes_nothing(root: Path) -> None:
    source = LocalSource(root)
    before = source.list_bins()
    source.prepare()
    assert source.list_bins() == before


def test_list_bins__real_photos(real_squashed: Path) -> None:
    listing = LocalSource(real_squashed).list_bins()
    assert len(listing.photo_ids) == 3028
    assert listing.photo_ids == listing.record_ids
