"""Photos through a frozen backbone into the store, decoding ahead of the network."""

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.utils.data import Dataset

from binrecon.config.engine_words import INT8
from binrecon.console import ProgressMeter
from binrecon.data.transforms import RESIZES, take_view
from binrecon.data.workers import PREFETCH_FACTOR, WorkerLoader, begin_worker, check_shared_memory, share
from binrecon.errors import FeatureStoreError, PhotoError
from binrecon.features.claims import BlockClaims
from binrecon.features.engine import CALIBRATION_PHOTOS, Engine, EngineChoice, build_engine
from binrecon.features.filling import Filling
from binrecon.features.network import check_network
from binrecon.features.row_table import RowTable
from binrecon.features.rows import BLOCK_ROWS, Block, RowKey
from binrecon.features.store import FeatureStore, describe_write_error
from binrecon.models.backbone import Backbone
from binrecon.sources import Source
from binrecon.sources.photo import decode_photo

_LOOK_AGAIN_S = 0.5


class PhotoBlocks(Dataset[tuple[Block, Tensor]]):
    """The photos of each block, decoded, resized and turned.

    Args:
        source: Where the photos are.
        bins: For each wanted row a bin with its photo.
        rows: What each row of the store is about.
        image_size: Side of the square photos, in pixels.
        resize: `squash` or `pad`.
    """

    def __init__(
        self, source: Source, bins: Mapping[RowKey, str], rows: RowTable, image_size: int, resize: str
    ) -> None:
        self._source = source
        self._bins = bins
        self._rows = rows
        self._image_size = image_size
        self._resize: Callable[[Tensor, int], Tensor] = RESIZES[resize]

    def __getitem__(self, block: Block) -> tuple[Block, Tensor]:
        """Read a block: uint8, shape (rows, 3, size, size)."""
        photos: dict[str, Tensor] = {}  # the views of a photo mostly are in one block: it is decoded once
        views = []
        for key in self._rows.keys_of(block):
            if key.photo_hash not in photos:
                photos[key.photo_hash] = self._read(key)
            views.append(take_view(photos[key.photo_hash], key.view))
        return block, torch.stack(views)

    def _read(self, key: RowKey) -> Tensor:
        bin_id = self._bins[key]
        photo = self._source.read_photo(bin_id)
        if hashlib.sha256(photo).hexdigest() != key.photo_hash:
            raise PhotoError(f"bin '{bin_id}': the photo has changed since the run began; run it again")
        return self._resize(decode_photo(photo), self._image_size)


def extract_features(
    store: FeatureStore,
    backbone: Backbone,
    source: Source,
    bins: Mapping[RowKey, str],
    workers: int = 0,
    device: torch.device | None = None,
    is_quiet: bool = False,
) -> int:
    """Compute the features that a store lacks, and keep them block by block; a killed one goes on from there.

    Several processes may do so at once: they share the blocks. A block that another process computes is
    waited for at the end, and computed here if that process dies.

    Args:
        store: Where they go.
        backbone: The frozen network, whose fingerprint the store has.
        source: Where the photos are.
        bins: For each photo and view that is missing, a bin that has the photo.
        workers: Processes that decode; 0 decodes in this one.
        device: Where the network runs; the CPU by default.
        is_quiet: Whether to show no progress, as a second process of a run does not.

    Returns:
        How many rows were computed here.

    Raises:
        DamagedCacheError: If the store has to be made anew, since the network that its features come from is
            damaged.
        FeatureStoreError: If the store cannot be written.
        PhotoError: If a photo has changed since its hash was taken.
    """
    if not bins:
        return 0
    with store.fill(bins) as filling:
        undone = filling.undone_blocks
        wanted = [block for block in undone if all(key in bins for key in filling.rows.keys_of(block))]
        if not wanted:
            return 0
        one = store.fingerprint
        photos = PhotoBlocks(source, bins, filling.rows, one.image_size, one.resize)

        check_shared_memory(BLOCK_ROWS * 3 * one.image_size**2, workers, len(wanted))
        with store.hold() if one.precision == INT8 else contextlib.nullcontext():
            if one.precision == INT8:
                check_network(store.folder, is_wanted=len(undone) < len(filling.rows.blocks))
            engine = build_engine(
                EngineChoice(one.engine, one.precision),
                backbone,
                device or torch.device("cpu"),
                one.image_size,
                store.folder,
                partial(_sample, photos, wanted),
            )
        return _compute(store, filling, photos, wanted, engine, workers, is_quiet)


def _sample(photos: PhotoBlocks, blocks: Sequence[Block]) -> Iterator[Tensor]:
    """Yield photos that int8 takes its ranges from."""
    seen = 0
    for block in blocks:
        if seen < CALIBRATION_PHOTOS:
            yield photos[block][1]
            seen += block.stop - block.start


def _compute(
    store: FeatureStore,
    filling: Filling,
    photos: PhotoBlocks,
    wanted: Sequence[Block],
    engine: Engine,
    workers: int,
    is_quiet: bool,
) -> int:
    total = sum(block.stop - block.start for block in wanted)
    computed = 0
    with (
        BlockClaims(store) as claims,
        ProgressMeter("extracting features", total, "views", is_quiet) as meter,
    ):
        loader = WorkerLoader(
            photos,
            sampler=_claim_all(filling, claims, wanted),
            batch_size=None,
            collate_fn=share,
            num_workers=workers,
            prefetch_factor=PREFETCH_FACTOR if workers else None,
            worker_init_fn=begin_worker,
            generator=torch.Generator(),
        )
        for place, pixels in loader:
            block = Block(*place)
            try:
                filling.write_block(block, engine(pixels).numpy())
            except OSError as error:
                raise FeatureStoreError(describe_write_error(store.folder, error)) from error
            claims.release(block)
            computed += len(pixels)
            meter.advance(len(pixels))
    return computed


def _claim_all(filling: Filling, claims: BlockClaims, wanted: Sequence[Block]) -> Iterator[Block]:
    """Yield each block that nobody else computes; then wait for theirs, and take over from those that die."""
    left = list(wanted)
    while left:
        busy = []
        for block in left:
            if not claims.take(block):
                busy.append(block)
            elif filling.is_done(block):  # by somebody else, since the list was made
                claims.release(block)
            else:
                yield block
        left = busy
        if left:
            time.sleep(_LOOK_AGAIN_S)
