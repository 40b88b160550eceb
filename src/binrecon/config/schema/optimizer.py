"""Options and methods of every optimizer; the optimizers themselves are in `optim/optimizers/`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from binrecon.config.options import MISSING, option

if TYPE_CHECKING:
    from torch.optim import Optimizer


@dataclass
class OptimizerConfig:
    """The steps that training takes."""

    name: str = MISSING
    """Name of the optimizer; set by the group option, not by hand."""
    lr: float = option(above=0)
    """Learning rate at the start."""
    weight_decay: float = option(0.0, at_least=0)
    """Pull of the weights towards 0, in the optimizer's own way."""
    decays_biases: bool = False
    """Apply it to biases and to the weights of BatchNorm too, as in published runs."""

    default_schedule: ClassVar[str] = "constant"
    """The `schedule` that comes with it unless another is given."""

    def build(self, groups: Sequence[dict[str, Any]], is_fused: bool) -> "Optimizer":
        """Build it.

        Args:
            groups: Parameters with the learning rate and weight decay of each group.
            is_fused: Whether a step is one kernel of torch's.
        """
        raise NotImplementedError
