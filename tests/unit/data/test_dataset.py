import shutil
from pathlib import Path

import pytest
import torch

from binrecon.data import BinDataset, Views
from binrecon.errors import MissingBinError, PhotoError
from binrecon.sources import LocalSource


def look(*pairs: tuple[int, int]) -> Views:
    """Views from pairs of row and view."""
    rows, views = zip(*pairs, strict=True)
    return Views(torch.tensor(rows), torch.tensor(views))


@pytest.fixture
def dataset(tiny_bins: Path) -> BinDataset:
    return BinDataset(LocalSource(tiny_bins), ["00001", "00006"], [0, 5], image_size=32, resize="squash")


def test_getitem__a_batch(dataset: BinDataset) -> None:
    batch = dataset[look((1, 0), (0, 1))]
    assert batch.photos.shape == (2, 3, 32, 32)
    assert batch.photos.dtype == torch.uint8
    assert batch.recorded_counts.tolist() == [5, 0]
    assert batch.bin_ids == ("00006", "00001")


def test_getitem__a_view_is_mirrored(dataset: BinDataset) -> None:
    batch = dataset[look((0, 0), (0, 1))]
    assert torch.equal(batch.photos[0], batch.photos[1].flip(-1))


def test_getitem__photo_damaged_since_the_manifest(tiny_bins: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_bins, tmp_path / "bins")
    photo = tmp_path / "bins" / "bin-images" / "00001.jpg"
    photo.write_bytes(photo.read_bytes()[:200])
    dataset = BinDataset(LocalSource(tmp_path / "bins"), ["00001"], [0], 32, "squash")
    with pytest.raises(PhotoError, match="bin '00001': "):
        dataset[look((0, 0))]
    photo.unlink()
    with pytest.raises(MissingBinError, match="00001"):
        dataset[look((0, 0))]
