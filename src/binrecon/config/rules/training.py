"""Checks of keys of `train` that depend on each other."""

from collections.abc import Iterator
from typing import cast

from omegaconf import DictConfig, OmegaConf

from binrecon.config.metric_names import monitor_names
from binrecon.config.options import limits_of
from binrecon.config.parts import load_parts
from binrecon.config.schema import DataConfig, HeadConfig, LossConfig, RegimeConfig
from binrecon.config.spelling import did_you_mean
from binrecon.config.split_words import GROUPED
from binrecon.config.trainer_words import check_shares, check_words

MAX_BATCH_BYTES = 2**34
"""Limit of a batch's photos in bytes: 32,768 of 224 pixels have 5 GB."""


def check_contradictions(config: DictConfig) -> Iterator[str]:
    """Check keys that contradict each other: features, photos, weights, splits, processes."""
    data, trainer = OmegaConf.select(config, "data"), OmegaConf.select(config, "trainer")
    if data is None:
        return
    is_frozen = cast(type[RegimeConfig], OmegaConf.get_type(config.regime)).is_frozen
    if config.features.name == "cached" and not is_frozen:
        yield f"features: cached needs regime=frozen; regime={config.regime.name} changes them, use auto"
    for key, word in (("augment", data.augment), ("tta", data.tta)):
        if config.features.name == "cached" and word == "side_on":
            yield f"features: cached has no views for data.{key}=side_on, which are endless; use auto"
    if config.features.name == "cached" and trainer.ema_decay is not None:
        yield "features: cached keeps no mean of every step's weights; use auto, or trainer.ema_decay=null"
    if data.max_count <= data.min_count:
        yield f"data.max_count: must be above data.min_count={data.min_count}, got {data.max_count}"
    if data.val_fraction + data.test_fraction >= 1:
        total = data.val_fraction + data.test_fraction
        yield f"data.val_fraction + data.test_fraction: must be below 1 to leave training bins, got {total:g}"
    yield from check_shares(config)
    yield from check_words(config)


def check_batch_memory(config: DictConfig) -> Iterator[str]:
    """Check that the photos of a batch fit into memory, whatever the machine."""
    if (data := OmegaConf.select(config, "data")) is None:
        return
    size = data.batch_size * data.image_size**2 * 3
    is_each_allowed = all(
        limits_of(DataConfig, name).find_problem(data[name]) is None for name in ("batch_size", "image_size")
    )
    if size > MAX_BATCH_BYTES and is_each_allowed:
        yield (
            f"data.batch_size: {data.batch_size} photos of data.image_size={data.image_size} take "
            f"{size / 2**30:,.0f} GiB; at most {MAX_BATCH_BYTES / 2**30:.0f} GiB are allowed"
        )


def check_head_and_loss(config: DictConfig) -> Iterator[str]:
    """Check that the loss is one of the head's distribution."""
    head, loss = OmegaConf.select(config, "head"), OmegaConf.select(config, "loss")
    if head is None:
        return
    output = cast(type[HeadConfig], OmegaConf.get_type(head)).output
    if output not in cast(type[LossConfig], OmegaConf.get_type(loss)).outputs:
        allowed = [name for name, part in load_parts("loss").items() if output in part.outputs]
        yield f"loss: {loss.name} does not go with head={head.name}; use loss={' or loss='.join(allowed)}"


def check_phases(config: DictConfig) -> Iterator[str]:
    """Check that phases fill a run; whether the backbone has their stages is seen when it is built."""
    if (phases := OmegaConf.select(config, "regime.phases")) is None:
        return
    if (total := sum(phase.epochs for phase in phases)) != config.trainer.max_epochs:
        yield (
            f"regime.phases: their epochs add up to {total}, not to trainer.max_epochs="
            f"{config.trainer.max_epochs}; change one of them"
        )


def check_counts(config: DictConfig) -> Iterator[str]:
    """Check that recorded counts can be read from the given source."""
    data, parts = OmegaConf.select(config, "data"), OmegaConf.select(config, "source.parts")
    if data is None:
        return
    if data.counts_from == "lists" and data.split in (GROUPED, "udacity"):
        yield (
            f"data.counts_from: lists give no products, and without them data.split={data.split} cannot tell "
            "which photos show one bin; use counts_from=records, or split=unc, stanford_all or stanford_150k"
        )
    if data.labels is not None and data.counts_from == "lists":
        yield (
            "data.labels: stand in place of records, which data.counts_from=lists does not read; "
            "drop one of them"
        )
    if parts == "records" or (parts == "photos" and data.counts_from == "records"):
        needed = "both" if data.counts_from == "records" else "both or photos"
        yield f"source.parts: training with data.counts_from={data.counts_from} needs {needed}, got {parts}"


def check_monitor(config: DictConfig) -> Iterator[str]:
    """Check that `monitor` is a metric that is logged."""
    monitor = OmegaConf.select(config, "monitor")
    if monitor is not None and monitor not in monitor_names():
        allowed, hint = ", ".join(monitor_names()), did_you_mean(monitor, monitor_names())
        yield f"monitor: '{monitor}' is not logged; logged are {allowed}{hint}"
