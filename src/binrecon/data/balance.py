"""Two ways to let rare counts matter as much in training as common ones; `data.balance` chooses one."""

import torch
from torch import Tensor

from binrecon.config.schema import DataConfig
from binrecon.errors import ManifestError


def draw_balanced(recorded_counts: Tensor, generator: torch.Generator) -> Tensor:
    """Draw as many bins as there are, each count equally often.

    Where the counts cannot share the bins equally, chance says which of them get one more. The bins of a
    count are drawn equally often too, up to one: each of them before any is drawn again.

    Args:
        recorded_counts: Of N bins, int64, shape (N,).
        generator: Where chance comes from.

    Returns:
        Places of bins in mixed order, int64, shape (N,).

    >>> counts = torch.tensor([3, 3, 3, 3, 3, 5])
    >>> counts[draw_balanced(counts, torch.Generator())].sort().values.tolist()
    [3, 3, 3, 5, 5, 5]
    """
    total = len(recorded_counts)
    counts = torch.bincount(recorded_counts).nonzero().flatten().tolist()
    share, left = divmod(total, max(1, len(counts)))
    turns = torch.randperm(len(counts), generator=generator).tolist()
    drawn = [torch.zeros(0, dtype=torch.int64)]
    for count, turn in zip(counts, turns, strict=True):
        places = (recorded_counts == count).nonzero().flatten()
        quota = share + (turn < left)
        rounds = -(-quota // len(places))
        order = [places[torch.randperm(len(places), generator=generator)] for _ in range(rounds)]
        drawn.append(torch.cat(order)[:quota])
    return torch.cat(drawn)[torch.randperm(total, generator=generator)]


def expected_shares(config: DataConfig, recorded_counts: Tensor) -> Tensor:
    """Return the share that each class has of what a head is trained on.

    Args:
        config: Range of counts, and how they are balanced.
        recorded_counts: Of the training bins, int64, shape (N,), each with a class.

    Returns:
        Shape (C,), float32, all above 0: each class counts one bin more than it has.
    """
    class_count = config.max_count - config.min_count + 1
    if config.balance != "none":
        return torch.full((class_count,), 1 / class_count)
    bins = torch.bincount(recorded_counts - config.min_count, minlength=class_count) + 1.0
    return bins / bins.sum()


def build_class_weights(config: DataConfig, recorded_counts: Tensor) -> Tensor | None:
    """Weigh the loss of each class by the inverse of how many training bins it has.

    A class of n of N bins weighs N / (C n), as scikit-learn's `class_weight="balanced"`: all classes together
    weigh the same, and the bins weigh 1 on average, so that the loss keeps its scale.

    Args:
        config: Range of counts, and whether they are balanced so.
        recorded_counts: Of the training bins, limited to the range of classes, int64, shape (N,).

    Returns:
        Shape (C,), float32; None if `data.balance` asks for none.

    Raises:
        ManifestError: If a class has no training bin.
    """
    if config.balance != "weights":
        return None
    class_count = config.max_count - config.min_count + 1
    bins = torch.bincount(recorded_counts - config.min_count, minlength=class_count)
    if absent := [config.min_count + place for place in (bins == 0).nonzero().flatten().tolist()]:
        raise ManifestError(
            f"data.balance=weights: no training bin has the count {', '.join(map(str, absent))}, and nothing "
            "can be weighed up for it; add such bins, narrow data.min_count..data.max_count, or use "
            "data.balance=none"
        )
    return (bins.sum() / (class_count * bins)).float()
