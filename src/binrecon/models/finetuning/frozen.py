"""The head alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from binrecon.config.regime_words import HEAD
from binrecon.config.schema import Phase, RegimeConfig


@dataclass
class FrozenRegimeConfig(RegimeConfig):
    """The backbone stays as it is, BatchNorm statistics included; only the head is trained: the proposal."""

    name: str = "frozen"

    is_frozen: ClassVar[bool] = True

    def plan(self, stages: Sequence[str], epochs: int, image_size: int, lr: float) -> tuple[Phase, ...]:
        """Plan one phase."""
        return (Phase(0, epochs, HEAD, image_size, lr),)
