"""Rows of a manifest to batches of features."""

from collections.abc import Sequence

import numpy as np
import torch

from binrecon.data import BatchDataset, FeatureBatch, View
from binrecon.errors import FeatureStoreError
from binrecon.features.store import FeatureStore


class FeatureDataset(BatchDataset):
    """The bins of one split as features; its items are whole batches, gathered from the mapped file at once.

    Args:
        store: Where the features are.
        photo_hashes: SHA-256 of each bin's photo.
        bin_ids: Keys of the bins.
        recorded_counts: Their recorded counts, limited to the range of classes.

    Raises:
        FeatureStoreError: If a photo has no row in the store.
    """

    def __init__(
        self,
        store: FeatureStore,
        photo_hashes: Sequence[str],
        bin_ids: Sequence[str],
        recorded_counts: Sequence[int],
    ) -> None:
        self.bin_ids = list(bin_ids)
        self.recorded_counts = torch.as_tensor(recorded_counts, dtype=torch.int64)
        self._features = store.open()
        self._rows = store.find_rows(photo_hashes)
        if (self._rows < 0).any():
            missing = self.bin_ids[int(np.flatnonzero(self._rows < 0)[0])]
            raise FeatureStoreError(
                f"bin '{missing}' has no features in '{store.folder}'; run the same command again"
            )

    def __len__(self) -> int:
        return len(self.bin_ids)

    def __getitem__(self, views: Sequence[View]) -> FeatureBatch:
        """Gather a batch."""
        places = [view.row for view in views]
        gathered = self._features[self._rows[places], [view.view for view in views]]
        return FeatureBatch(
            features=torch.from_numpy(np.asarray(gathered)).float(),
            recorded_counts=self.recorded_counts[places],
            bin_ids=tuple(self.bin_ids[place] for place in places),
        )
