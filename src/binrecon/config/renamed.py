"""Renamed keys."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from binrecon.config.spelling import did_you_mean

RENAMED: Mapping[str, str] = MappingProxyType(
    {
        "optimizer.schedule": "schedule",
        "optimizer.warmup_epochs": "schedule.warmup_epochs",
        "optimizer.step_epochs": "schedule.step_epochs",
        "optimizer.step_factor": "schedule.step_factor",
        "optimizer.first_cycle_epochs": "schedule.first_cycle_epochs",
        "optimizer.cycle_mult": "schedule.cycle_mult",
        "optimizer.min_lr": "schedule.min_lr",
        "head.starts_at_prior": "head.init_bias_from_prior",
    }
)
"""Key of an earlier version to its key in this one."""


def explain_unknown_key(parent: str, key: str, known: Iterable[str]) -> str:
    """Explain an unknown key: its new name, or else the keys that its parent has.

    Args:
        parent: Dotted key of the parent; empty for the whole configuration.
        key: Under the parent.
        known: Keys of the parent.

    >>> explain_unknown_key("optimizer", "schedule", ["lr"])
    'schedule: is now called schedule; give schedule=VALUE'
    """
    if new := RENAMED.get(f"{parent}.{key}" if parent else key):
        return f"{key}: {_is_now(new)}"
    names = list(known)
    return f"{key}: unknown key; allowed are {', '.join(names)}{did_you_mean(key, names)}"


def explain_renamed(key: str) -> str:
    """Explain what a renamed key is called now.

    >>> explain_renamed("optimizer.min_lr")
    'optimizer.min_lr: is now called schedule.min_lr; give schedule.min_lr=VALUE'
    """
    return f"{key}: {_is_now(RENAMED[key])}"


def _is_now(new: str) -> str:
    return f"is now called {new}; give {new}=VALUE"
