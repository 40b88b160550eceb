"""Adam with decoupled weight decay."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from binrecon.config.options import option
from binrecon.config.schema import OptimizerConfig

if TYPE_CHECKING:
    from torch.optim import Optimizer


@dataclass
class AdamWConfig(OptimizerConfig):
    """Adam with decoupled weight decay: Loshchilov & Hutter 2019, arXiv:1711.05101.

    No published run on bins states its values: these are PyTorch's.
    """

    name: str = "adamw"
    lr: float = option(1e-3, above=0)
    """Learning rate at the start."""
    weight_decay: float = option(1e-2, at_least=0)
    """Decoupled weight decay."""
    beta1: float = option(0.9, at_least=0, below=1)
    """Decay of the running mean of gradients."""
    beta2: float = option(0.999, at_least=0, below=1)
    """Decay of the running mean of squared gradients."""

    def build(self, groups: Sequence[dict[str, Any]], is_fused: bool) -> "Optimizer":
        """Build it."""
        from torch.optim import AdamW  # torch takes seconds to load

        return AdamW(groups, lr=self.lr, betas=(self.beta1, self.beta2), fused=is_fused or None)
