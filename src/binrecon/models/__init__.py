"""Photos to features to count logits: plain torch and timm, usable without any training framework."""

from binrecon.models.backbone import Backbone, build_backbone
from binrecon.models.counter import BinCounter, build_counter
from binrecon.models.weights import hash_state

__all__ = ["Backbone", "BinCounter", "build_backbone", "build_counter", "hash_state"]
