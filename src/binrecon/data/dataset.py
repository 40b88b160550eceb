"""Rows of a manifest to batches of decoded photos."""

from abc import abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

from binrecon.data.batch import BinBatch, FeatureBatch, Views
from binrecon.data.transforms import RESIZES, take_view
from binrecon.errors import PhotoError
from binrecon.sources import Source
from binrecon.sources.photo import decode_photo


class BatchDataset(Dataset[BinBatch | FeatureBatch]):
    """The bins of one split; its items are whole batches, asked for by their views.

    Attributes:
        recorded_counts: Of the bins, limited to the range of classes, int64, shape (B,).
    """

    recorded_counts: Tensor

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of bins."""

    @abstractmethod
    def __getitem__(self, views: Views) -> BinBatch | FeatureBatch:
        """Return the batch of these views."""


class BinDataset(BatchDataset):
    """The bins of one split, read and decoded when asked for; its items are whole batches.

    Args:
        source: Where the photos are.
        bin_ids: Keys of the bins.
        recorded_counts: Their recorded counts, limited to the range of classes.
        image_size: Side of the square photos, in pixels.
        resize: `squash` or `pad`.
    """

    def __init__(
        self,
        source: Source,
        bin_ids: Sequence[str],
        recorded_counts: Sequence[int],
        image_size: int,
        resize: str,
    ) -> None:
        self.source = source
        self.bin_ids = list(bin_ids)
        self.recorded_counts = torch.as_tensor(recorded_counts, dtype=torch.int64)
        self.image_size = image_size
        self.resize: Callable[[Tensor, int], Tensor] = RESIZES[resize]

    def __len__(self) -> int:
        return len(self.bin_ids)

    def __getitem__(self, views: Views) -> BinBatch:
        """Read a batch.

        Raises:
            PhotoError: If a photo no longer is what it was when the manifest was built.
            MissingBinError: If a photo is gone.
        """
        rows, size = views.rows.tolist(), views.image_size or self.image_size
        turns = zip(rows, views.views.tolist(), strict=True)
        return BinBatch(
            photos=torch.stack([take_view(self.read(row, size), view) for row, view in turns]),
            recorded_counts=self.recorded_counts[views.rows[:: views.looks]],
            bin_ids=tuple(self.bin_ids[row] for row in rows[:: views.looks]),
            weight=views.weight,
        )

    def read(self, row: int, size: int) -> Tensor:
        """Read, decode and resize one photo: uint8, shape (3, `size`, `size`)."""
        bin_id = self.bin_ids[row]
        try:
            photo = decode_photo(self.source.read_photo(bin_id))
        except PhotoError as error:
            raise PhotoError(f"bin '{bin_id}': {error}") from error
        return self.resize(photo, size)
