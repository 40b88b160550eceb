"""Stochastic gradient descent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from binrecon.config.options import option
from binrecon.config.schema import OptimizerConfig

if TYPE_CHECKING:
    from torch.optim import Optimizer


@dataclass
class SGDConfig(OptimizerConfig):
    """SGD with momentum, with schedule=step unless another is given.

    Stanford CS229 2018, ResNet-34: lr 0.01, weight decay 1e-2, momentum 0.9; the schedule is that of UNC's
    abid_challenge, from which their code derives. Their ResNet-18 had lr 0.1 and weight decay 1e-3 with every
    layer trained; on a head over frozen features a learning rate of 0.1 leaves the validation loss at 5 to 7
    after an epoch on 2,105 real photos.
    """

    name: str = "sgd"
    lr: float = option(0.01, above=0)
    """Learning rate at the start."""
    weight_decay: float = option(1e-2, at_least=0)
    """L2 penalty."""
    momentum: float = option(0.9, at_least=0, below=1)
    """Share of the last step that goes into the next."""

    default_schedule: ClassVar[str] = "step"

    def build(self, groups: Sequence[dict[str, Any]], is_fused: bool) -> "Optimizer":
        """Build it."""
        from torch.optim import SGD  # torch takes seconds to load

        return SGD(groups, lr=self.lr, momentum=self.momentum, fused=is_fused or None)
