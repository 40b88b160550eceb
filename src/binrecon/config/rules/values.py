"""Ranges of numbers and lists of words, key by key."""

from collections.abc import Callable, Iterator
from dataclasses import fields

from omegaconf import DictConfig, OmegaConf

from binrecon.config.augment_words import AUGMENT_WORDS, TTA_WORDS
from binrecon.config.balance_words import BALANCE_WORDS
from binrecon.config.calibration_words import METHOD_WORDS
from binrecon.config.engine_words import DTYPE_WORDS, ENGINE_WORDS, PRECISION_WORDS
from binrecon.config.metric_names import RANKING_METRICS
from binrecon.config.pooling_words import POOLING_WORDS
from binrecon.config.schema import FaultsConfig
from binrecon.config.spelling import did_you_mean
from binrecon.config.split_words import SPLIT_WORDS
from binrecon.config.sweep_words import PRUNER_WORDS, SAMPLER_WORDS

AT_LEAST = {
    "data.min_count": 0,
    "data.image_size": 32,
    "data.batch_size": 1,
    "data.workers": 0,
    "head.hidden_width": 1,
    "optimizer.weight_decay": 0,
    "optimizer.min_lr": 0,
    "optimizer.step_epochs": 1,
    "optimizer.first_cycle_epochs": 1,
    "optimizer.cycle_mult": 1,
    "regime.head_epochs": 0,
    "regime.stage_epochs": 1,
    "optimizer.warmup_epochs": 0,
    "trainer.accumulate": 1,
    "trainer.devices": 0,
    "trainer.nodes": 0,
    "trainer.max_epochs": 1,
    "callbacks.early_stopping_patience": 1,
    "source.bin_count": 1,
    "source.largest_count": 1,
    **{f"source.faults.{item.name}": 0 for item in fields(FaultsConfig)},
    "source.seed": 0,
    "seed": 0,
    "data.split_seed": 0,
    "source.sample_seed": 0,
    "source.connections": 1,
    "source.attempts": 1,
    "source.backoff_s": 0,
    "unused_days": 0,
    "seeds": 1,
    "sweep.trials": 1,
    "sweep.at_once": 1,
    "sweep.seed": 0,
    "sweep.final_seeds": 0,
    "photos": 1,
    "columns": 1,
    "resamples": 100,
}
AT_MOST = {
    "data.max_count": 1_000,
    "data.image_size": 2048,
    "data.batch_size": 65_536,
    "data.workers": 256,
    "head.hidden_width": 65_536,
    "optimizer.step_epochs": 1_000_000,
    "optimizer.first_cycle_epochs": 1_000_000,
    "optimizer.cycle_mult": 1_000,
    "optimizer.warmup_epochs": 1_000_000,
    "regime.head_epochs": 1_000_000,
    "regime.stage_epochs": 1_000_000,
    "trainer.accumulate": 65_536,
    "trainer.devices": 1_024,
    "trainer.nodes": 4_096,
    "trainer.max_epochs": 1_000_000,
    "source.bin_count": 10_000_000,
    "source.largest_count": 12,
    "source.connections": 1_024,
    "source.attempts": 1_000,
    **dict.fromkeys(("seed", "data.split_seed", "source.seed", "source.sample_seed"), 2**32 - 1),
}
"""Bounds far above what is of use, so that no configuration asks for all memory of a machine.

Image sizes: timm's largest pretrained networks see about 1,000 pixels. Seeds: those that NumPy takes.
"""

_ABOVE_ZERO = (
    "source.stall_timeout_s",
    "sweep.minutes",
    "estimate_s",
    "logger.answer_timeout_s",
    "logger.finish_timeout_s",
    "optimizer.lr",
    "trainer.gradient_clip_norm",
    "trainer.join_timeout_s",
    "trainer.silence_timeout_s",
    "trainer.checkpoint_minutes",
    "optimizer.step_factor",
    "data.val_fraction",
    "data.test_fraction",
    "data.train_share",
)
_FINITE = ("optimizer.weight_decay", "optimizer.min_lr", "source.backoff_s")
_BELOW_ONE = (
    "optimizer.momentum",
    "trainer.ema_decay",
    "optimizer.beta1",
    "optimizer.beta2",
    "head.dropout",
    "loss.label_smoothing",
)
_UP_TO_ONE = ("loss.soft_weight", "source.pair_fraction", "sweep.max_failed_share", "data.train_share")
_WORDS = {
    "data.above_range": ("drop", "clip"),
    "features.name": ("auto", "live", "cached"),
    "features.engine": ENGINE_WORDS,
    "features.precision": PRECISION_WORDS,
    "features.dtype": DTYPE_WORDS,
    "method": METHOD_WORDS,
    "action": ("ls", "verify", "prune"),
    "data.split": SPLIT_WORDS,
    "data.counts_from": ("records", "lists"),
    "source.parts": ("both", "photos", "records"),
    "data.resize": ("squash", "pad"),
    "model.pooling": POOLING_WORDS,
    "data.balance": BALANCE_WORDS,
    "data.augment": AUGMENT_WORDS,
    "data.tta": TTA_WORDS,
    "optimizer.schedule": ("constant", "cosine"),
    "trainer.accelerator": ("auto", "cpu", "gpu"),
    "trainer.precision": ("32-true", "bf16-mixed", "16-mixed"),
    "sweep.sampler": SAMPLER_WORDS,
    "sweep.pruner": PRUNER_WORDS,
    "logger.mode": ("auto", "online", "offline"),
    "metric": RANKING_METRICS,
}


def check_ranges(config: DictConfig) -> Iterator[str]:
    """Check that numbers are within their range."""

    def check(key: str, allowed: Callable[[float], bool], text: str) -> Iterator[str]:
        value = OmegaConf.select(config, key)
        if value is not None and not allowed(value):
            yield f"{key}: must be {text}, got {value}"

    for key, least in AT_LEAST.items():
        yield from check(key, lambda value, least=least: least <= value, f"at least {least}")  # type: ignore[misc]  # the default binds the loop's value
    for key, most in AT_MOST.items():
        yield from check(key, lambda value, most=most: not value > most, f"at most {most}")  # type: ignore[misc]  # as above
    for key in _FINITE:
        yield from check(key, lambda value: value < float("inf"), "a finite number")
    for key in _ABOVE_ZERO:
        yield from check(key, lambda value: 0 < value < float("inf"), "above 0")
    for key in _BELOW_ONE:
        yield from check(key, lambda value: 0 <= value < 1, "at least 0 and below 1")
    for key in _UP_TO_ONE:
        yield from check(key, lambda value: 0 <= value <= 1, "at least 0 and at most 1")


def check_allowed_words(config: DictConfig) -> Iterator[str]:
    """Check that words are among those allowed."""
    for key, allowed in _WORDS.items():
        value = OmegaConf.select(config, key)
        if value is not None and value not in allowed:
            yield f"{key}: '{value}' is none of {', '.join(allowed)}{did_you_mean(value, allowed)}"
