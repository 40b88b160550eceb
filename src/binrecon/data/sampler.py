"""Samplers: the bins of each batch and their views, a function of seed and epoch alone.

Nothing here depends on how many processes decode or train, on a global random state, or on what ran before.
So a resumed run meets the same batches as one that was never stopped, and two processes together meet the
batches of one.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor
from torch.utils.data import Sampler

from binrecon.config.augment_words import TTA, Augment
from binrecon.data.balance import draw_balanced
from binrecon.data.batch import Views
from binrecon.data.transforms import draw_views, list_looks


class TrainSampler(Sampler[Views]):
    """Batches of every bin once per epoch, or of each count equally often, shuffled, from views at random.

    Args:
        bin_count: Number of bins in the split.
        batch_size: Bins in a batch, over all processes.
        horizontal_flip: Whether half of the photos are mirrored.
        seed: Seed of order and views.
        rank: This process, below `world_size`.
        world_size: Number of processes. Each takes an equal share of every batch; of a last batch that cannot
            be shared equally, some take a bin less. One that would have none looks at the first bin of the
            batch, which then counts for nothing there.
        augment: What is done to photos besides.
        parts: What is given out at a time is a batch's share in so many parts, as equal as can be.
        image_sizes: Side of the photos in each epoch, in pixels; empty for the usual one.
        balanced_counts: Recorded counts of the bins, int64, shape (B,), to draw each count equally often;
            None to draw each bin once.
    """

    def __init__(
        self,
        bin_count: int,
        batch_size: int,
        horizontal_flip: bool,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        augment: Augment = "none",
        parts: int = 1,
        image_sizes: Sequence[int] = (),
        balanced_counts: Tensor | None = None,
    ) -> None:
        self.bin_count = bin_count
        self.batch_size = batch_size
        self.horizontal_flip = horizontal_flip
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.augment: Augment = augment
        self.parts = parts
        self.image_sizes = image_sizes
        self.balanced_counts = balanced_counts
        self.epoch = 0
        self._begins_at = (0, 0)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next pass belongs to, counted from 0."""
        self.epoch = epoch

    def begin_at(self, epoch: int, turn: int) -> None:
        """Choose where training goes on: the first pass of an epoch leaves out what was given out before.

        Args:
            epoch: Counted from 0.
            turn: Parts of batches that were given out in it.
        """
        self.epoch = epoch
        self._begins_at = (epoch, turn)

    def __len__(self) -> int:
        return -(-self.bin_count // self.batch_size) * self.parts

    def __iter__(self) -> Iterator[Views]:
        first_epoch, turn = self._begins_at
        return islice(self._give_out(), turn if self.epoch == first_epoch else 0, None)

    def _give_out(self) -> Iterator[Views]:
        size = self.image_sizes[self.epoch] if self.image_sizes else None
        rows, views = self._draw()
        for start in range(0, self.bin_count, self.batch_size):
            batch = torch.arange(start, min(start + self.batch_size, self.bin_count))
            for part in batch[self.rank :: self.world_size].tensor_split(self.parts):
                weight = len(part) * self.parts * self.world_size / len(batch)
                part = part if len(part) else batch[:1]
                yield Views(rows[part], views[part], image_size=size, weight=weight)

    def _draw(self) -> tuple[Tensor, Tensor]:
        """Draw the bins of an epoch in their order, and how each is looked at; anew if it comes again."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        if self.balanced_counts is not None:
            rows = draw_balanced(self.balanced_counts, generator)
            return rows, draw_views(self.bin_count, self.horizontal_flip, self.augment, generator)
        rows = torch.randperm(self.bin_count, generator=generator)
        return rows, draw_views(self.bin_count, self.horizontal_flip, self.augment, generator)[rows]


class EvaluationSampler(Sampler[Views]):
    """Batches of every bin exactly once, in order; of n processes each takes every n-th.

    Args:
        bin_count: Number of bins in the split.
        batch_size: Bins in a batch, over all processes.
        rank: This process, below `world_size`.
        world_size: Number of processes.
        tta: What is averaged over.
    """

    def __init__(
        self, bin_count: int, batch_size: int, rank: int = 0, world_size: int = 1, tta: TTA = "none"
    ) -> None:
        self.tta: TTA = tta
        self.rows = range(rank, bin_count, world_size)
        self.share = max(1, batch_size // world_size)

    def __len__(self) -> int:
        return -(-len(self.rows) // self.share)

    def __iter__(self) -> Iterator[Views]:
        for start in range(0, len(self.rows), self.share):
            rows = torch.tensor(self.rows[start : start + self.share])
            looks = list_looks(rows, self.tta)
            yield Views(rows.repeat_interleave(looks.shape[1]), looks.flatten(), looks=looks.shape[1])
