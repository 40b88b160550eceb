"""Adam."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from binrecon.config.options import option
from binrecon.config.schema import OptimizerConfig

if TYPE_CHECKING:
    from torch.optim import Optimizer


@dataclass
class AdamConfig(OptimizerConfig):
    """Adam: Kingma & Ba 2015, arXiv:1412.6980.

    Stanford CS229 2018, ResNet-34 and -50: lr 1e-3, no weight decay.
    """

    name: str = "adam"
    lr: float = option(1e-3, above=0)
    """Learning rate at the start."""
    weight_decay: float = option(0.0, at_least=0)
    """L2 penalty."""
    beta1: float = option(0.9, at_least=0, below=1)
    """Decay of the running mean of gradients."""
    beta2: float = option(0.999, at_least=0, below=1)
    """Decay of the running mean of squared gradients."""

    def build(self, groups: Sequence[dict[str, Any]], is_fused: bool) -> "Optimizer":
        """Build it."""
        from torch.optim import Adam  # torch takes seconds to load

        return Adam(groups, lr=self.lr, betas=(self.beta1, self.beta2), fused=is_fused or None)
