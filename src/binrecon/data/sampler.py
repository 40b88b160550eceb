"""Which bins form which batch, and from which view: a function of seed and epoch alone.

Nothing here depends on how many processes decode or train, on a global random state, or on what ran before.
So a resumed run meets the same batches as one that was never stopped, and two processes together meet the
batches of one.
"""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

from binrecon.data.batch import Views


class TrainSampler(Sampler[Views]):
    """Batches of every bin once per epoch, shuffled, each from a view drawn at random.

    Args:
        bin_count: Number of bins in the split.
        batch_size: Bins in a batch, over all processes.
        view_count: Number of views to draw from; 1 never mirrors.
        seed: Seed of order and views.
        rank: This process, below `world_size`.
        world_size: Number of processes. Each takes an equal share of every batch; where the last batch cannot
            be shared equally, up to `world_size - 1` bins of its start are seen twice.
    """

    def __init__(
        self, bin_count: int, batch_size: int, view_count: int, seed: int, rank: int = 0, world_size: int = 1
    ) -> None:
        self.bin_count = bin_count
        self.batch_size = batch_size
        self.view_count = view_count
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next pass belongs to, counted from 0."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-self.bin_count // self.batch_size)

    def __iter__(self) -> Iterator[Views]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        rows = torch.randperm(self.bin_count, generator=generator)
        views = torch.randint(self.view_count, (self.bin_count,), generator=generator)
        for start in range(0, self.bin_count, self.batch_size):
            batch = rows[start : start + self.batch_size]
            shared = len(batch) + -len(batch) % self.world_size
            batch = batch[torch.arange(shared) % len(batch)]
            share = batch[self.rank :: self.world_size]
            yield Views(share, views[share])


class EvaluationSampler(Sampler[Views]):
    """Batches of every bin exactly once, in order and unmirrored; of n processes each takes every n-th.

    Args:
        bin_count: Number of bins in the split.
        batch_size: Bins in a batch, over all processes.
        rank: This process, below `world_size`.
        world_size: Number of processes.
    """

    def __init__(self, bin_count: int, batch_size: int, rank: int = 0, world_size: int = 1) -> None:
        self.rows = range(rank, bin_count, world_size)
        self.share = max(1, batch_size // world_size)

    def __len__(self) -> int:
        return -(-len(self.rows) // self.share)

    def __iter__(self) -> Iterator[Views]:
        for start in range(0, len(self.rows), self.share):
            rows = torch.tensor(self.rows[start : start + self.share])
            yield Views(rows, torch.zeros_like(rows))
