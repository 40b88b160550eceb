"""Photos to features to count logits: plain torch and timm, usable without any training framework."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from binrecon.models.backbone import Backbone, build_backbone
    from binrecon.models.counter import BinCounter, build_counter
    from binrecon.models.weights import hash_state

__all__ = ["Backbone", "BinCounter", "build_backbone", "build_counter", "hash_state"]

_FILES = {
    "Backbone": "backbone",
    "build_backbone": "backbone",
    "BinCounter": "counter",
    "build_counter": "counter",
    "hash_state": "weights",
}


def __getattr__(name: str) -> object:
    """Load torch only when a model is asked for, not for the options of heads and losses."""
    if name not in _FILES:
        raise AttributeError(f"module 'binrecon.models' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"binrecon.models.{_FILES[name]}"), name)
