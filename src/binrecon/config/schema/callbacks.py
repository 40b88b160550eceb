"""Callbacks around training."""

from dataclasses import dataclass

from binrecon.config.options import option


@dataclass
class CallbacksConfig:
    """The best and the last checkpoint are kept; training runs to the end."""

    early_stopping_patience: int | None = option(None, at_least=1)
    """Stop after this many epochs without a better `monitor`; null never stops early."""
