"""Checks that hold for a head however it is trained: alone under Lightning, or beside others."""

import torch

from binrecon.config.schema import DataConfig, HeadConfig
from binrecon.errors import ConfigError
from binrecon.models.backbone import Backbone


def dropout_seed(seed: int, epoch: int, process: int = 0, turn: int = 0) -> int:
    """Return what torch is seeded with before each batch, for what is random in a model while it trains.

    So a resumed run draws what an unbroken one would.

    Args:
        seed: Of the run.
        epoch: Counted from 0.
        process: Rank of the process.
        turn: Batches, or parts of them that are computed apart, before this one in the epoch.
    """
    return seed * 1_000_003 + epoch * 1_009 + process + turn * 1_000_000_000_000


def seed_device(seed: int, device: torch.device) -> None:
    """Seed what draws random numbers on a device; `torch.manual_seed` does so on every kind, in 60 us."""
    is_cuda = device.type == "cuda"
    generator = torch.cuda.default_generators[device.index or 0] if is_cuda else torch.default_generator
    generator.manual_seed(seed)


def describe_divergence(split: str, loss: float, epoch: int, lr: float) -> str:
    """Say that a loss is not finite, and what to do.

    Args:
        split: The split whose loss it is.
        loss: The loss.
        epoch: Counted from 0.
        lr: The learning rate that the configuration asks for.

    >>> describe_divergence("train", float("nan"), 0, 0.1)
    'train/loss became nan in epoch 1: training diverged; lower optimizer.lr (now 0.1)'
    """
    return (
        f"{split}/loss became {loss} in epoch {epoch + 1}: training diverged; lower optimizer.lr (now {lr:g})"
    )


def check_counts(answered: range, data: DataConfig) -> None:
    """Refuse data with other counts than a counter answers.

    Args:
        answered: Every count that it answers.
        data: Of the data.

    Raises:
        ConfigError: If the ranges differ.
    """
    first, last = answered[0], answered[-1]
    if (data.min_count, data.max_count) != (first, last):
        raise ConfigError(
            [
                f"data.min_count, data.max_count: the data has the counts {data.min_count} to "
                f"{data.max_count}, and this counter answers {first} to {last}; use data.min_count={first} "
                f"data.max_count={last}, or train another counter"
            ]
        )


def check_batches(
    head: HeadConfig, bin_count: int, batch_size: int, process_count: int = 1, parts: int = 1
) -> None:
    """Refuse a last batch that is too small for the head.

    BatchNorm cannot train on a single bin. Every bin is seen once in every epoch, whatever the head, so the
    last batch is neither dropped nor filled up.

    Args:
        head: One of the head schemas.
        bin_count: Number of training bins, at least 1.
        batch_size: Bins in a batch, over all processes.
        process_count: Processes that normalise over a share of each batch; 1 if over the whole.
        parts: Parts that each share is computed in.

    Raises:
        ConfigError: If a process or part would have a single bin of a batch and the head has BatchNorm.
    """
    if head.has_batch_norm and has_single_bin(bin_count, batch_size, process_count, parts):
        raise ConfigError(
            [
                f"{_describe_last(bin_count, batch_size, parts)}, and this head cannot normalise over that; "
                "use another data.batch_size, or head=linear head.is_standardised=false"
            ]
        )


def check_maps(
    backbone: Backbone, image_size: int, bin_count: int, batch_size: int, process_count: int, parts: int
) -> None:
    """Refuse a last batch that is too small for a backbone in training.

    Args:
        backbone: What is trained.
        image_size: The smallest that it is trained at, in pixels.
        bin_count: As of `check_batches`, and so are all that follow.
        batch_size: Bins in a batch, over all processes.
        process_count: Processes that normalise over a share of each batch.
        parts: Parts that each share is computed in.

    Raises:
        ConfigError: If BatchNorm would get a single value of a map: of one bin, on a map of one pixel.
    """
    if has_single_bin(bin_count, batch_size, process_count, parts) and backbone.has_maps_of_a_pixel(
        image_size
    ):
        raise ConfigError(
            [
                f"{_describe_last(bin_count, batch_size, parts)}, and this backbone cannot normalise over "
                f"that at {image_size} pixels; use another data.batch_size, or larger photos"
            ]
        )


def has_single_bin(bin_count: int, batch_size: int, process_count: int, parts: int) -> bool:
    """Return whether the last batch, which is the smallest, has a single bin for some process or part."""
    return (bin_count % batch_size or batch_size) // process_count // parts < 2


def _describe_last(bin_count: int, batch_size: int, parts: int) -> str:
    where = "a process" if parts == 1 else f"some of trainer.accumulate={parts} parts"
    return (
        f"data.batch_size: of {bin_count} training bins, batches of {batch_size} leave "
        f"{bin_count % batch_size or batch_size} for the last one, a single bin for {where}"
    )
