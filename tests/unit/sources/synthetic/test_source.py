import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from binrecon.errors import MissingBinError, SourceError
from binrecon.sources.photo import read_photo_size
from binrecon.sources.synthetic import source as module
from binrecon.sources.synthetic.options import FaultsConfig
from binrecon.sources.synthetic.plan import plan_bins
from binrecon.sources.synthetic.scene import PHOTO_HEIGHTS, PHOTO_WIDTHS
from binrecon.sources.synthetic.source import MARKER, SyntheticSource, build_scene

FAULTS = FaultsConfig(
    corrupt_photos=2,
    missing_records=3,
    duplicate_photos=2,
    contradictory_records=2,
    extra_empty_bins=2,
    unpadded_ids=3,
)


def read_all(source: SyntheticSource) -> dict[str, bytes]:
    photos, records = source.list_bins()
    return {f"photo {i}": source.read_photo(i) for i in photos} | {
        f"record {i}": source.read_record(i) for i in records
    }


def is_whole(photo: Image.Image) -> bool:
    try:
        photo.load()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> SyntheticSource:
    source = SyntheticSource(tmp_path_factory.mktemp("plain"), bin_count=12, seed=4)
    source.prepare()
    return source


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> SyntheticSource:
    source = SyntheticSource(tmp_path_factory.mktemp("faulty"), bin_count=24, seed=7, faults=FAULTS)
    source.prepare()
    return source


@pytest.fixture(scope="module")
def faulty_records(faulty: SyntheticSource) -> dict[str, dict]:
    return {bin_id: json.loads(faulty.read_record(bin_id)) for bin_id in faulty.list_bins().record_ids}


def test_prepare__same_seed_same_bytes(plain: SyntheticSource, tmp_path: Path) -> None:
    again = SyntheticSource(tmp_path, bin_count=12, seed=4)
    again.prepare()
    assert read_all(again) == read_all(plain)


def test_prepare__other_seed_other_bytes(plain: SyntheticSource, tmp_path: Path) -> None:
    other = SyntheticSource(tmp_path, bin_count=2, seed=5)
    other.prepare()
    assert other.read_photo("00001") != plain.read_photo("00001")


def test_prepare__ids_are_padded_and_start_at_one(plain: SyntheticSource) -> None:
    expected = [f"{number:05d}" for number in range(1, 13)]
    assert plain.list_bins() == (expected, expected)


def test_prepare__record_counts_the_drawn_items(plain: SyntheticSource) -> None:
    for entry in plan_bins(12, 4, 7, 0.3, FaultsConfig()):
        record = json.loads(plain.read_record(entry.bin_id))
        items = build_scene(entry, 4).items
        listed = sum(sku["quantity"] for sku in record["BIN_FCSKU_DATA"].values())
        assert record["EXPECTED_QUANTITY"] == listed == len(items) == entry.item_count


def test_prepare__pairs_share_skus_and_differ_by_one_unit(tmp_path: Path) -> None:
    source = SyntheticSource(tmp_path, bin_count=10, seed=2, pair_fraction=1.0)
    source.prepare()
    pairs = [entry for entry in plan_bins(10, 2, 7, 1.0, FaultsConfig()) if entry.is_after_pick]
    assert len(pairs) == 5
    for entry in pairs:
        before, after = (
            Counter(
                {
                    key: sku["quantity"]
                    for key, sku in json.loads(source.read_record(bin_id))["BIN_FCSKU_DATA"].items()
                }
            )
            for bin_id in (f"{entry.number - 1:05d}", entry.bin_id)
        )
        assert after < before
        assert (before - after).total() == 1


def test_prepare__sizes_are_those_of_real_photos(plain: SyntheticSource) -> None:
    for bin_id in plain.list_bins().photo_ids:
        width, height = read_photo_size(plain.read_photo(bin_id))
        assert PHOTO_WIDTHS[0] <= width <= PHOTO_WIDTHS[1]
        assert PHOTO_HEIGHTS[0] <= height <= PHOTO_HEIGHTS[1]


def test_prepare__files_are_as_large_as_real_ones(plain: SyntheticSource) -> None:
    sizes = [len(plain.read_photo(bin_id)) for bin_id in plain.list_bins().photo_ids]
    assert min(sizes) > 12_000
    assert max(sizes) < 250_000


def test_prepare__second_call_writes_nothing(plain: SyntheticSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "plan_bins", None)
    plain.prepare()


@pytest.mark.parametrize("has_marker", [True, False])
def test_prepare__draws_again_what_was_deleted(tmp_path: Path, has_marker: bool) -> None:
    source = SyntheticSource(tmp_path, bin_count=4, seed=1)
    source.prepare()
    before = read_all(source)
    kept = source.folder / "bin-images" / "00001.jpg"
    kept_since = kept.stat().st_mtime_ns
    (source.folder / "bin-images" / "00002.jpg").unlink()
    (source.folder / "metadata" / "00003.json").unlink()
    (source.folder / "bin-images" / "00002.jpg.17.tmp").write_bytes(b"half")
    (source.folder / MARKER).write_bytes((source.folder / MARKER).read_bytes() if has_marker else b"{")
    source.prepare()
    assert read_all(source) == before
    assert kept.stat().st_mtime_ns == kept_since
    assert not list(source.folder.rglob("*.tmp"))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"7", b"\xff", b'{"photos": 1}'])
def test_prepare__damaged_marker(tmp_path: Path, content: bytes) -> None:
    source = SyntheticSource(tmp_path, bin_count=1)
    source.prepare()
    marker = (source.folder / MARKER).read_bytes()
    (source.folder / MARKER).write_bytes(content)
    source.prepare()
    assert (source.folder / MARKER).read_bytes() == marker


def test_prepare__worker_processes_give_the_same_bytes(
    plain: SyntheticSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_IN_PROCESS", 1)
    pooled = SyntheticSource(tmp_path, bin_count=12, seed=4)
    pooled.prepare()
    assert read_all(pooled) == read_all(plain)


def test_prepare__interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw_two(*_: object) -> Iterator[str]:
        yield "00001"
        raise KeyboardInterrupt

    source = SyntheticSource(tmp_path, bin_count=3)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_draw_all", draw_two)
        with pytest.raises(KeyboardInterrupt):
            source.prepare()
    assert not (source.folder / MARKER).exists()
    source.prepare()
    assert len(source.list_bins().photo_ids) == 3


def test_prepare__unwritable_root(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    source = SyntheticSource(tmp_path / "file", bin_count=1)
    with pytest.raises(SourceError, match=r"cannot be written .*; free space there, or name another folder"):
        source.prepare()


def test_folder__other_settings_other_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = {
        SyntheticSource(tmp_path, 5).folder,
        SyntheticSource(tmp_path, 6).folder,
        SyntheticSource(tmp_path, 5, seed=1).folder,
        SyntheticSource(tmp_path, 5, largest_count=5).folder,
        SyntheticSource(tmp_path, 5, pair_fraction=0.1).folder,
        SyntheticSource(tmp_path, 5, faults=FaultsConfig(extra_empty_bins=1)).folder,
    }
    monkeypatch.setattr(module, "RENDERER_VERSION", module.RENDERER_VERSION + 1)
    folders.add(SyntheticSource(tmp_path, 5).folder)
    assert len(folders) == 7
    assert SyntheticSource(tmp_path, 5).folder.parent == tmp_path


def test_list_bins__before_prepare(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        SyntheticSource(tmp_path, 5).list_bins()


def test_read__unknown_id(plain: SyntheticSource) -> None:
    with pytest.raises(MissingBinError):
        plain.read_photo("00013")
    with pytest.raises(MissingBinError):
        plain.read_record("00013")


def test_faults__corrupt_photos(faulty: SyntheticSource) -> None:
    photos = [Image.open(BytesIO(faulty.read_photo(bin_id))) for bin_id in faulty.list_bins().photo_ids]
    assert sum(not is_whole(photo) for photo in photos) == FAULTS.corrupt_photos


def test_faults__missing_records(faulty: SyntheticSource) -> None:
    photos, records = faulty.list_bins()
    assert set(records) < set(photos)
    assert len(photos) - len(records) == FAULTS.missing_records


def test_faults__duplicate_photos(faulty: SyntheticSource, faulty_records: dict[str, dict]) -> None:
    ids_by_photo: dict[bytes, list[str]] = {}
    for bin_id in faulty.list_bins().photo_ids:
        ids_by_photo.setdefault(faulty.read_photo(bin_id), []).append(bin_id)
    twins = [ids for ids in ids_by_photo.values() if len(ids) > 1]
    assert sum(len(ids) - 1 for ids in twins) == FAULTS.duplicate_photos
    assert all(bin_id in faulty_records for ids in twins for bin_id in ids)


def test_faults__contradictory_records(faulty_records: dict[str, dict]) -> None:
    surplus = [
        record["EXPECTED_QUANTITY"] - sum(sku["quantity"] for sku in record["BIN_FCSKU_DATA"].values())
        for record in faulty_records.values()
    ]
    assert sorted(surplus)[-FAULTS.contradictory_records :] == [1] * FAULTS.contradictory_records
    assert sum(surplus) == FAULTS.contradictory_records


def test_faults__extra_empty_bins(faulty_records: dict[str, dict]) -> None:
    empty = [record for record in faulty_records.values() if record["EXPECTED_QUANTITY"] == 0]
    assert len(empty) >= FAULTS.extra_empty_bins
    assert all(record["BIN_FCSKU_DATA"] == {} for record in empty)


def test_faults__unpadded_ids(faulty: SyntheticSource, faulty_records: dict[str, dict]) -> None:
    photos, _ = faulty.list_bins()
    unpadded = [bin_id for bin_id in photos if len(bin_id) < 5]
    assert len(unpadded) == FAULTS.unpadded_ids
    assert len(photos) == 24 + FAULTS.unpadded_ids
    for bin_id in unpadded:
        assert faulty.read_photo(bin_id) != faulty.read_photo(bin_id.zfill(5))
        assert faulty_records[bin_id]["image_fname"] == f"{bin_id}.jpg"
        assert all("normalizedName" not in sku for sku in faulty_records[bin_id]["BIN_FCSKU_DATA"].values())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bin_count": 0}, "source.bin_count: must be 1 or more, got 0; say how many bins to draw"),
        ({"seed": -1}, "source.seed: must be 0 or more, got -1; choose another seed"),
        (
            {"largest_count": 13},
            "source.largest_count: must be from 1 to 12, got 13; "
            "more items than that cannot be told apart in one photo",
        ),
        ({"largest_count": 0}, "source.largest_count: must be from 1 to 12, got 0; "),
        (
            {"pair_fraction": 1.5},
            "source.pair_fraction: must be from 0 to 1, got 1.5; set it to 0 for no before/after pairs",
        ),
        ({"pair_fraction": float("nan")}, "source.pair_fraction: must be from 0 to 1, got nan; "),
        (
            {"faults": FaultsConfig(corrupt_photos=-1)},
            "source.faults.corrupt_photos: must be 0 or more, got -1; set it to 0 to plant none",
        ),
        (
            {"faults": FaultsConfig(corrupt_photos=6, extra_empty_bins=5)},
            "source.faults: 11 faulty bins do not fit into source.bin_count=10; "
            "plant fewer, or set source.bin_count to 11 or more",
        ),
        (
            {"faults": FaultsConfig(duplicate_photos=10)},
            "source.faults: 10 faulty bins, and one faultless bin to copy, do not fit into "
            "source.bin_count=10; plant fewer, or set source.bin_count to 11 or more",
        ),
        (
            {"faults": FaultsConfig(unpadded_ids=11)},
            "source.faults.unpadded_ids: must be at most 10 (each stands beside the padded id of "
            "the same number, from 1 to 9999), got 11; lower it or raise source.bin_count",
        ),
    ],
)
def test_settings__out_of_range(tmp_path: Path, settings: dict, message: str) -> None:
    with pytest.raises(SourceError) as error:
        SyntheticSource(tmp_path, **{"bin_count": 10, **settings})
    assert str(error.value).startswith(message)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"bin_count": 16, "seed": 0}, ("synthetic-16-c87241f921f5", "042232899a03147fd73038b721e5d4e6")),
        (
            {"bin_count": 10, "seed": 11, "largest_count": 12},
            ("synthetic-10-8ad0de409099", "9cfe60342af57ada153782af11ee434c"),
        ),
        (
            {"bin_count": 6, "seed": 5, "largest_count": 1},
            ("synthetic-6-7d642412bd89", "9366b3db92a21e872668109452f1979d"),
        ),
        (
            {"bin_count": 8, "seed": 6, "pair_fraction": 1.0},
            ("synthetic-8-f2a784eae941", "244fe4b255f67b954deeba1f5a6df136"),
        ),
        (
            {"bin_count": 8, "seed": 3, "pair_fraction": 0.0},
            ("synthetic-8-eaf9bbcc6514", "5a44975942d1c942edee7f1a53ca35dc"),
        ),
        (
            {"bin_count": 16, "seed": 7, "faults": FAULTS},
            ("synthetic-16-85cbf38e08b7", "0de27cf6f975842703a5edc00f3779b1"),
        ),
    ],
    ids=["seed", "many_items", "one_item", "pairs", "no_pairs", "faults"],
)
def test_prepare__not_a_byte_has_changed(settings: dict, expected: tuple[str, str], tmp_path: Path) -> None:
    """Numbers in `experiments/` are of these bins; whoever changes them raises RENDERER_VERSION and measures anew."""
    source = SyntheticSource(tmp_path, **settings)
    source.prepare()
    digest = hashlib.sha256()
    for name, content in sorted(read_all(source).items()):
        digest.update(name.encode() + content)
    assert (source.folder.name, digest.hexdigest()[:32]) == expected
