"""What happens around training."""

from dataclasses import dataclass


@dataclass
class CallbacksConfig:
    """What happens around training."""

    early_stopping_patience: int | None = None
    """Stop after this many epochs without a better `monitor`; null never stops early."""
