"""Photos through a frozen backbone into the store, decoding ahead of the network."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from binrecon.console import ProgressMeter
from binrecon.data.transforms import RESIZES, take_view
from binrecon.errors import FeatureStoreError, PhotoError
from binrecon.features.store import Block, BlockClaims, FeatureStore, describe_write_error
from binrecon.models.backbone import Backbone
from binrecon.sources import Source
from binrecon.sources.photo import decode_photo

_LOOK_AGAIN_S = 0.5


class PhotoBlocks(Dataset[tuple[Block, Tensor]]):
    """The photos of each block, decoded and resized.

    Args:
        source: Where the photos are.
        bin_ids: For each row of the store a bin with that photo, or None if none is at hand.
        photo_hashes: SHA-256 of each row's photo.
        image_size: Side of the square photos, in pixels.
        resize: `squash` or `pad`.
    """

    def __init__(
        self,
        source: Source,
        bin_ids: Sequence[str | None],
        photo_hashes: Sequence[str],
        image_size: int,
        resize: str,
    ) -> None:
        self._source = source
        self._bin_ids = bin_ids
        self._photo_hashes = photo_hashes
        self._image_size = image_size
        self._resize: Callable[[Tensor, int], Tensor] = RESIZES[resize]

    def __getitem__(self, block: Block) -> tuple[Block, Tensor]:
        """Read a block: uint8, shape (rows, 3, size, size)."""
        return block, torch.stack([self._read(row) for row in range(block.start, block.stop)])

    def _read(self, row: int) -> Tensor:
        bin_id = self._bin_ids[row]
        if bin_id is None:
            raise AssertionError(f"row {row} is in no block whose photos are all at hand")
        photo = self._source.read_photo(bin_id)
        if hashlib.sha256(photo).hexdigest() != self._photo_hashes[row]:
            raise PhotoError(f"bin '{bin_id}': the photo has changed since the run began; run it again")
        return self._resize(decode_photo(photo), self._image_size)


def extract_features(
    store: FeatureStore,
    backbone: Backbone,
    source: Source,
    bins_by_photo: Mapping[str, str],
    workers: int = 0,
    device: str = "cpu",
) -> int:
    """Compute the features that a store lacks, and keep them block by block; a killed one goes on from there.

    Several processes may do so at once: they share the blocks. A block that another process computes is
    waited for at the end, and computed here if that process dies.

    Args:
        store: Where they go.
        backbone: The frozen network, whose fingerprint the store has.
        source: Where the photos are.
        bins_by_photo: For the SHA-256 of each wanted photo a bin that has it.
        workers: Processes that decode; 0 decodes in this one.
        device: Where the network runs.

    Returns:
        How many photos were computed here.

    Raises:
        FeatureStoreError: If the store cannot be written.
        PhotoError: If a photo has changed since its hash was taken.
    """
    store.add_photos(list(bins_by_photo))
    hashes = store.list_photo_hashes()
    bin_ids = [bins_by_photo.get(photo_hash) for photo_hash in hashes]
    wanted = [block for block in store.list_blocks() if _is_wanted(store, block, bin_ids)]
    if not wanted:
        return 0
    photos = PhotoBlocks(source, bin_ids, hashes, store.fingerprint.image_size, store.fingerprint.resize)
    backbone.to(device).eval()
    total = sum(block.stop - block.start for block in wanted)
    computed = 0
    with BlockClaims(store) as claims, ProgressMeter("extracting features", total, "photos") as meter:
        loader = DataLoader(
            photos,
            sampler=_claim_all(store, claims, wanted),
            batch_size=None,
            num_workers=workers,
            generator=torch.Generator(),
        )
        for block, pixels in loader:
            _compute(store, backbone, Block(*block), pixels.to(device))
            claims.release(Block(*block))
            computed += len(pixels)
            meter.advance(len(pixels))
    return computed


def _is_wanted(store: FeatureStore, block: Block, bin_ids: Sequence[str | None]) -> bool:
    """Tell whether a block has to be computed; it is given up if not every photo of it is at hand."""
    return all(bin_ids[block.start : block.stop]) and not store.is_done(block)


def _claim_all(store: FeatureStore, claims: BlockClaims, wanted: Sequence[Block]) -> Iterator[Block]:
    """Yield each block that nobody else computes; then wait for theirs, and take over from those that die."""
    left = list(wanted)
    while left:
        busy = []
        for block in left:
            if not claims.take(block):
                busy.append(block)
            elif store.is_done(block):  # by somebody else, since the list was made
                claims.release(block)
            else:
                yield block
        left = busy
        if left:
            time.sleep(_LOOK_AGAIN_S)


@torch.inference_mode()
def _compute(store: FeatureStore, backbone: Backbone, block: Block, photos: Tensor) -> None:
    """Run the network over every view of a block and keep what it gives."""
    views = range(store.fingerprint.view_count)
    features = torch.stack([backbone(take_view(photos, view)) for view in views], dim=1)
    try:
        store.write_block(block, features.float().cpu().numpy())
    except OSError as error:
        raise FeatureStoreError(describe_write_error(store.folder, error)) from error
