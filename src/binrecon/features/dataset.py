"""Rows of a manifest to batches of features."""

from collections.abc import Sequence

import numpy as np
import torch

from binrecon.data import BatchDataset, FeatureBatch, Views
from binrecon.errors import FeatureStoreError
from binrecon.features.table import FeatureTable


class FeatureDataset(BatchDataset):
    """The bins of one split as features; its items are whole batches, gathered from the mapped file at once.

    Args:
        table: The features.
        photo_hashes: SHA-256 of each bin's photo.
        bin_ids: Keys of the bins.
        recorded_counts: Their recorded counts, limited to the range of classes.
        view_count: Views of each photo that may be asked for.

    Raises:
        FeatureStoreError: If a photo has no features there.
    """

    def __init__(
        self,
        table: FeatureTable,
        photo_hashes: Sequence[str],
        bin_ids: Sequence[str],
        recorded_counts: Sequence[int],
        view_count: int,
    ) -> None:
        self.bin_ids = list(bin_ids)
        self.recorded_counts = torch.as_tensor(recorded_counts, dtype=torch.int64)
        self._features = table.features
        self._rows = np.stack([table.find_rows(photo_hashes, view) for view in range(view_count)], axis=1)
        if (self._rows < 0).any():
            missing = self.bin_ids[int(np.flatnonzero((self._rows < 0).any(axis=1))[0])]
            raise FeatureStoreError(f"bin '{missing}' has no features; run the same command again")

    def __len__(self) -> int:
        return len(self.bin_ids)

    def __getitem__(self, views: Views) -> FeatureBatch:
        """Gather a batch."""
        gathered = self._features[self._rows[views.rows.numpy(), views.views.numpy()]]
        return FeatureBatch(
            features=torch.from_numpy(gathered),
            recorded_counts=self.recorded_counts[views.rows[:: views.looks]],
            bin_ids=tuple(self.bin_ids[row] for row in views.rows[:: views.looks].tolist()),
            weight=views.weight,
        )
