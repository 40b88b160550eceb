"""Photos to features and count distributions, a chunk at a time: from kept features, or from the photos."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from binrecon.config.augment_words import TTA
from binrecon.data.transforms import RESIZES, VIEW_COUNT, list_looks, take_view
from binrecon.data.workers import begin_worker
from binrecon.errors import PhotoError
from binrecon.features import FeatureStore, RowKey, WantedViews, extract_features, prepare_features
from binrecon.models.decoding import average_looks
from binrecon.reconcile.counting_run import CountingRun
from binrecon.sources import Source
from binrecon.sources.photo import decode_photo
from binrecon.training.cached import open_store, why_live
from binrecon.training.hardware import autocast, choose_device
from binrecon.training.threads import use_threads

KEPT_ROWS = 4096
"""Photos in a chunk where their features are kept: each costs a fraction of a millisecond."""

LIVE_ROWS = 512
"""Photos in a chunk that pass through the backbone: some seconds of work, which a kill may cost."""

_LIVE_BATCH = 32
_TTA_NUMBERS = 2**24  # views are chosen by a number of the photo, so that they depend on nothing else


PHOTOS_SCHEMA = pa.schema([pa.field("sha256", pa.string()), pa.field("bin_id", pa.string())])
"""Photos by their hash, each with a bin under whose id it lies; Arrow text, since there may be a million."""


class Photo(NamedTuple):
    """A row of `PHOTOS_SCHEMA`."""

    sha256: str
    bin_id: str


class Look(NamedTuple):
    """The predictions of a counter for N photos, with their features.

    Args:
        log_probabilities: As the head gives them, shape (N, C).
        features: Of the photos as they are, shape (N, F).
    """

    log_probabilities: NDArray[np.float32]
    features: NDArray[np.float32]


class Looker(Protocol):
    """Looks at photos, chunk by chunk.

    Attributes:
        identity: Names all that its answers depend on, besides checkpoint and photo.
        chunk_rows: Photos in a chunk.
    """

    identity: str
    chunk_rows: int

    def prepare(self, photos: pa.Table) -> None:
        """Get ready to look at these photos, rows of `PHOTOS_SCHEMA`, in this order."""
        ...

    def look(self, start: int, stop: int) -> Look:
        """Look at some of the photos."""
        ...


def build_looker(run: CountingRun, source: Source, workers: int) -> Looker:
    """Choose how a run's counter looks at photos.

    Args:
        run: The run.
        source: Where the photos lie.
        workers: Processes that decode.
    """
    if why_live(run.config) is not None:
        return LivePhotos(run, source, workers)
    weights_hash = str(run.folder.read_fact("weights_hash"))
    return KeptFeatures(run, open_store(run.config, run.counter.backbone, weights_hash), source, workers)


class KeptFeatures:
    """Looks at the kept features of a frozen backbone; what is missing is computed first, and kept.

    Args:
        run: The run.
        store: Where the features are.
        source: Where the photos lie.
        workers: Processes that decode.
    """

    chunk_rows = KEPT_ROWS

    def __init__(self, run: CountingRun, store: FeatureStore, source: Source, workers: int) -> None:
        self.identity = store.fingerprint.key
        self._run, self._store, self._source, self._workers = run, store, source, workers
        self._views = VIEW_COUNT if run.config.data.tta == "flip" else 1

    def prepare(self, photos: pa.Table) -> None:
        """Compute the features that are missing; a run that is killed goes on from there."""
        hashes = photos["sha256"].to_pylist()

        def compute(missing: Mapping[RowKey, str]) -> int:
            device = choose_device(self._run.config.trainer)
            backbone = self._run.counter.backbone
            return extract_features(self._store, backbone, self._source, missing, self._workers, device)

        wanted = WantedViews(hashes, photos["bin_id"].to_pylist(), self._views)
        table, _ = prepare_features(self._store, [wanted], compute)
        self._run.counter.to("cpu")
        self._rows = np.stack([table.find_rows(hashes, view) for view in range(self._views)], axis=1)
        self._features = table.features

    @torch.inference_mode()
    def look(self, start: int, stop: int) -> Look:
        """Gather features, and let the head answer."""
        rows = self._rows[start:stop]
        features = torch.from_numpy(np.asarray(self._features[rows.reshape(-1)], np.float32))
        with use_threads(1):
            count_logits = average_looks(self._run.counter.head(features), len(rows))
        return Look(_log_probabilities(count_logits), features.numpy()[:: self._views])


class LivePhotos:
    """Looks at photos with the whole network, as a validation of the run does.

    Args:
        run: The run.
        source: Where the photos lie.
        workers: Processes that decode.
    """

    chunk_rows = LIVE_ROWS

    def __init__(self, run: CountingRun, source: Source, workers: int) -> None:
        data, trainer = run.config.data, run.config.trainer
        self.identity = f"live-{data.image_size}px-{data.resize}-{data.tta}-{trainer.precision}"
        self._run, self._source, self._workers = run, source, workers
        self._device = choose_device(trainer)

    def prepare(self, photos: pa.Table) -> None:
        """Place the network on its device."""
        self._photos = photos
        self._run.counter.to(self._device)

    @torch.inference_mode()
    def look(self, start: int, stop: int) -> Look:
        """Decode photos ahead of the network, and pass them through it."""
        parts = [self._look_at(batch, looks) for batch, looks in self._read(start, stop)]
        return Look(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _read(self, start: int, stop: int) -> Iterator[tuple[Tensor, int]]:
        data = self._run.config.data
        photos = [Photo(**row) for row in self._photos.slice(start, stop - start).to_pylist()]
        dataset = _PhotoViews(self._source, photos, data.image_size, data.resize, data.tta)
        loader = DataLoader(
            dataset,
            sampler=range(0, stop - start, _LIVE_BATCH),
            batch_size=None,
            num_workers=self._workers,
            worker_init_fn=begin_worker,
            generator=torch.Generator(),
        )
        yield from loader

    def _look_at(self, photos: Tensor, looks: int) -> Look:
        counter = self._run.counter
        with autocast(self._run.config.trainer):
            features = counter.backbone(photos.to(self._device, non_blocking=True))
            count_logits = average_looks(counter.head(features), len(photos) // looks)
        return Look(_log_probabilities(count_logits), features[::looks].float().cpu().numpy())


class _PhotoViews(Dataset[tuple[Tensor, int]]):
    """Batches of photos, each as often as it is looked at."""

    def __init__(
        self, source: Source, photos: Sequence[Photo], image_size: int, resize: str, tta: str
    ) -> None:
        self._source, self._photos, self._image_size = source, photos, image_size
        self._resize: Callable[[Tensor, int], Tensor] = RESIZES[resize]
        self._tta: TTA = tta  # type: ignore[assignment]  # checked by validate

    def __getitem__(self, first: int) -> tuple[Tensor, int]:
        photos = self._photos[first : first + _LIVE_BATCH]
        numbers = torch.tensor([int(photo.sha256[:8], 16) % _TTA_NUMBERS for photo in photos])
        views = list_looks(numbers, self._tta)
        squares = [self._read(photo) for photo in photos]
        turned = [
            take_view(square, view)
            for square, row in zip(squares, views.tolist(), strict=True)
            for view in row
        ]
        return torch.stack(turned), views.shape[1]

    def _read(self, photo: Photo) -> Tensor:
        content = self._source.read_photo(photo.bin_id)
        if hashlib.sha256(content).hexdigest() != photo.sha256:
            raise PhotoError(f"bin '{photo.bin_id}': the photo has changed while this went on; run it again")
        return self._resize(decode_photo(content), self._image_size)


def _log_probabilities(count_logits: Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = count_logits.double().log_softmax(dim=1).float().cpu().numpy()
    return found
