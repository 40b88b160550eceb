import hashlib
import multiprocessing
import random
import shutil
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.unit.features.conftest import list_undone

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.schema import DataConfig
from binrecon.data import BinDataset, Views
from binrecon.errors import DamagedCacheError, FeatureStoreError, PhotoError
from binrecon.features import (
    FeatureDataset,
    FeatureStore,
    Fingerprint,
    RowKey,
    WantedViews,
    extract_features,
    prepare_features,
)
from binrecon.features.engine import EngineChoice
from binrecon.features.filling import Filling
from binrecon.features.rows import Block
from binrecon.models import hash_state
from binrecon.models.backbone import Backbone, build_backbone
from binrecon.sealed_file import write_sealed
from binrecon.sources import LocalSource

KILLS = 20


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    torch.manual_seed(0)
    return build_backbone("test_resnet.r160_in1k", "random")


def name_features(backbone: Backbone, data: DataConfig) -> Fingerprint:
    return Fingerprint.of(backbone, data, hash_state(backbone), EngineChoice("torch", "float32"), "float32")


@pytest.fixture
def store(backbone: Backbone, tmp_path: Path) -> FeatureStore:
    data = to_typed(compose_config("train", ["data.image_size=32", "source=synthetic"])).data
    return FeatureStore(tmp_path / "features", name_features(backbone, data))


@pytest.fixture
def bins(tiny_bins: Path, tmp_path: Path) -> Path:
    """A copy of the tiny bins, to be changed."""
    return Path(shutil.copytree(tiny_bins, tmp_path / "bins"))


def hash_photos(root: Path, views: int = 1) -> dict[RowKey, str]:
    return {
        RowKey(hashlib.sha256(path.read_bytes()).hexdigest(), view): path.stem
        for path in sorted((root / "bin-images").iterdir())
        for view in range(views)
    }


def test_extract__what_the_backbone_gives_for_both_views(
    store: FeatureStore, backbone: Backbone, bins: Path
) -> None:
    photos = hash_photos(bins, views=2)
    assert extract_features(store, backbone, LocalSource(bins), photos) == 240
    ids = list(photos.values())[::2]
    hashes = [key.photo_hash for key in photos][::2]
    counts = [0] * len(ids)
    rows = torch.arange(0, 120, 7)
    views = Views(rows, rows % 2)
    live = BinDataset(LocalSource(bins), ids, counts, 32, "squash")[views]
    cached = FeatureDataset(store.open(), hashes, ids, counts, view_count=2)[views]
    with torch.inference_mode():
        torch.testing.assert_close(cached.features, backbone(live.photos), rtol=1e-5, atol=1e-6)
    assert cached.bin_ids == live.bin_ids


def test_extract__second_time_computes_nothing(store: FeatureStore, backbone: Backbone, bins: Path) -> None:
    photos = hash_photos(bins)
    extract_features(store, backbone, LocalSource(bins), photos)
    assert extract_features(store, backbone, LocalSource(bins), photos) == 0
    assert extract_features(store, backbone, LocalSource(bins), {}) == 0


def test_extract__with_worker_processes_the_same(store: FeatureStore, backbone: Backbone, bins: Path) -> None:
    photos = hash_photos(bins)
    extract_features(store, backbone, LocalSource(bins), photos)
    alone = (store.folder / "features.bin").read_bytes()
    shutil.rmtree(store.folder)
    extract_features(store, backbone, LocalSource(bins), photos, workers=2)
    assert (store.folder / "features.bin").read_bytes() == alone


def test_extract__new_and_changed_photos_only(store: FeatureStore, backbone: Backbone, bins: Path) -> None:
    first = dict(list(hash_photos(bins).items())[:100])
    assert extract_features(store, backbone, LocalSource(bins), first) == 100
    with (bins / "bin-images/00001.jpg").open("ab") as photo:
        photo.write(b"changed")  # behind the end of the image: other bytes, other hash
    assert extract_features(store, backbone, LocalSource(bins), hash_photos(bins)) == 20 + 1


def test_extract__interrupted_goes_on_and_ends_the_same(
    store: FeatureStore, backbone: Backbone, bins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = hash_photos(bins)
    extract_features(store, backbone, LocalSource(bins), photos)
    undisturbed = {path.name: path.read_bytes() for path in store.folder.iterdir()}
    shutil.rmtree(store.folder)
    write = Filling.write_block

    def stop_at_the_second(self: Filling, block: Block, features: np.ndarray) -> None:
        if block.number == 1:
            raise KeyboardInterrupt
        write(self, block, features)

    with monkeypatch.context() as patch:
        patch.setattr(Filling, "write_block", stop_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            extract_features(store, backbone, LocalSource(bins), photos)
    assert extract_features(store, backbone, LocalSource(bins), photos) == 120 - 64
    assert {path.name: path.read_bytes() for path in store.folder.iterdir()} == undisturbed


def test_extract__photo_changed_since_its_hash_was_taken(
    store: FeatureStore, backbone: Backbone, bins: Path
) -> None:
    photos = hash_photos(bins)
    shutil.copy(bins / "bin-images/00002.jpg", bins / "bin-images/00001.jpg")
    with pytest.raises(
        PhotoError, match=r"^bin '00001': the photo has changed since the run began; run it again$"
    ):
        extract_features(store, backbone, LocalSource(bins), photos)


def test_dataset__a_batch_of_one(store: FeatureStore, backbone: Backbone, bins: Path) -> None:
    photos = hash_photos(bins)
    extract_features(store, backbone, LocalSource(bins), photos)
    (key, *_), (bin_id, *_) = photos, photos.values()
    dataset = FeatureDataset(store.open(), [key.photo_hash], [bin_id], [3], view_count=1)
    batch = dataset[Views(torch.tensor([0]), torch.tensor([0]))]
    assert batch.features.shape == (1, backbone.feature_count)
    assert batch.recorded_counts.tolist() == [3]


def test_dataset__photo_without_features(store: FeatureStore, backbone: Backbone, bins: Path) -> None:
    photos = hash_photos(bins)
    extract_features(store, backbone, LocalSource(bins), photos)
    with pytest.raises(FeatureStoreError, match=r"^bin 'other' has no features; run the same command again$"):
        FeatureDataset(store.open(), ["no such hash"], ["other"], [1], view_count=1)


def test_extract__never_mixes_two_int8_networks(
    store: FeatureStore, backbone: Backbone, bins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that is lost cannot be made again from other photos: what it computed is lost with it."""
    store = FeatureStore(store.folder.parent, replace(store.fingerprint, precision="int8"))

    def build(*given: object) -> Backbone:
        write_sealed(store.folder / "network.int8", b"network", f"network of {store.folder.name}")
        return backbone

    monkeypatch.setattr("binrecon.features.extract.build_engine", build)
    photos = hash_photos(bins)
    first, more = dict(list(photos.items())[:70]), dict(list(photos.items())[70:])
    with torch.inference_mode():
        assert extract_features(store, backbone, LocalSource(bins), first) == 70
        assert extract_features(store, backbone, LocalSource(bins), dict(list(more.items())[:10])) == 10
        (store.folder / "network.int8").unlink()
        with pytest.raises(DamagedCacheError, match=r"is missing$"):
            extract_features(store, backbone, LocalSource(bins), more)
        wanted = WantedViews([key.photo_hash for key in photos], list(photos.values()), 1)
        compute = partial(extract_features, store, backbone, LocalSource(bins))
        assert prepare_features(store, [wanted], compute)[1] == 120


def test_extract__killed_again_and_again(
    backbone: Backbone, bins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at random moments and run again: the store is that of an undisturbed run, bit for bit."""
    monkeypatch.setattr("binrecon.features.row_table.BLOCK_ROWS", 4)  # thirty blocks
    photos = hash_photos(bins)
    data = to_typed(compose_config("train", ["data.image_size=160", "source=synthetic"])).data
    fingerprint = name_features(backbone, data)
    undisturbed, killed = (FeatureStore(tmp_path / name, fingerprint) for name in ("undisturbed", "killed"))
    extract_features(undisturbed, backbone, LocalSource(bins), photos)
    rng = random.Random(0)
    context = multiprocessing.get_context("fork")
    done = []
    while len(done) < KILLS or list_undone(killed):
        process = context.Process(target=extract_features, args=(killed, backbone, LocalSource(bins), photos))
        process.start()
        time.sleep(rng.uniform(0.0, 0.1 * 1.1 ** len(done)))  # on a busy machine it has to get somewhere
        process.kill()
        process.join()
        done.append(int(killed.open().is_done.sum()))
    assert done == sorted(done)
    for name in ("rows.parquet", "features.bin", "blocks.bin", "fingerprint.json"):
        assert (killed.folder / name).read_bytes() == (undisturbed.folder / name).read_bytes(), name


def test_extract__two_processes_share_the_blocks(
    store: FeatureStore, backbone: Backbone, bins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("binrecon.features.row_table.BLOCK_ROWS", 4)
    photos = hash_photos(bins)
    context = multiprocessing.get_context("fork")
    computed = context.SimpleQueue()

    def extract() -> None:
        computed.put(extract_features(store, backbone, LocalSource(bins), photos))

    processes = [context.Process(target=extract) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    shares = [computed.get(), computed.get()]
    assert sum(shares) == 120
    table = store.open()
    assert table.is_done.all()
    assert table.find_damaged(table.rows.blocks) == []


@pytest.mark.slow
def test_prepare__runs_with_other_photos_at_once(
    store: FeatureStore, backbone: Backbone, bins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each gets all of its features, whenever the others begin, add rows and finish."""
    monkeypatch.setattr("binrecon.features.row_table.BLOCK_ROWS", 4)
    monkeypatch.setattr("binrecon.features.extract._LOOK_AGAIN_S", 0.01)
    photos = list(hash_photos(bins).items())[:60]
    rng = random.Random(0)
    context = multiprocessing.get_context("fork")

    def prepare(mine: list[tuple[RowKey, str]], wait_s: float) -> None:
        time.sleep(wait_s)
        wanted = WantedViews([key.photo_hash for key, _ in mine], [bin_id for _, bin_id in mine], 2)
        compute = partial(extract_features, store, backbone, LocalSource(bins))
        table, _ = prepare_features(store, [wanted], compute)
        FeatureDataset(table, wanted.photo_hashes, wanted.bin_ids, [0] * len(mine), 2)

    for _ in range(8):
        shutil.rmtree(store.folder, ignore_errors=True)
        drawn = [(rng.sample(photos, rng.randint(5, 50)), rng.uniform(0, 0.05)) for _ in range(3)]
        processes = [context.Process(target=prepare, args=given) for given in drawn]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0, 0]
