"""Stochastic gradient descent as it is used with warm restarts."""

from dataclasses import dataclass
from typing import ClassVar

from binrecon.config.options import option
from binrecon.optim.optimizers.sgd import SGDConfig


@dataclass
class SGDRConfig(SGDConfig):
    """SGD with the values of Stanford's SGDR run, and schedule=warm_restarts unless another is given.

    Stanford CS229 2018, ResNet-34: lr 0.008, momentum 0.9, no weight decay.
    """

    name: str = "sgdr"
    lr: float = option(0.008, above=0)
    """Learning rate at the start."""
    weight_decay: float = option(0.0, at_least=0)
    """L2 penalty."""

    default_schedule: ClassVar[str] = "warm_restarts"
