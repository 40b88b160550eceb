"""Optimizers, each together with its learning-rate schedule."""

from dataclasses import dataclass

from binrecon.config.schema.missing import MISSING


@dataclass
class OptimizerConfig:
    """An optimizer together with its learning-rate schedule."""

    name: str = MISSING
    """Which optimizer this is; set by the group option, not by hand."""
    lr: float = MISSING
    """Learning rate at the start."""
    weight_decay: float = 0.0
    """L2 penalty (`sgd`, `sgdr`, `adam`) or decoupled weight decay (`adamw`)."""
    decays_biases: bool = False
    """Whether it holds for biases and for the weights of BatchNorm too, as in published runs."""

    @property
    def bound_to_length(self) -> str | None:
        """The setting that spreads the schedule over the whole training, as `key=value`.

        None if the learning rate of an epoch is the same however many epochs follow.
        """
        return None


@dataclass
class SGDConfig(OptimizerConfig):
    """SGD with momentum; the learning rate falls by a factor every few epochs."""

    name: str = "sgd"
    momentum: float = 0.9
    """Share of the last step that goes into the next."""
    step_epochs: int = 10
    """Epochs between two falls of the learning rate."""
    step_factor: float = 0.1
    """What the learning rate is multiplied by at each fall."""


@dataclass
class SGDRConfig(OptimizerConfig):
    """SGD with warm restarts: cosine cycles, each longer than the one before (arXiv:1608.03983)."""

    name: str = "sgdr"
    momentum: float = 0.9
    """Share of the last step that goes into the next."""
    first_cycle_epochs: int = 1
    """Length of the first cycle, in epochs."""
    cycle_mult: int = 2
    """How many times longer each cycle is than the one before."""
    min_lr: float = 0.0
    """Learning rate at the end of each cycle."""


@dataclass
class AdamConfig(OptimizerConfig):
    """Adam (arXiv:1412.6980)."""

    name: str = "adam"
    beta1: float = 0.9
    """Decay of the running mean of gradients."""
    beta2: float = 0.999
    """Decay of the running mean of squared gradients."""
    schedule: str = "constant"
    """What becomes of the learning rate: `constant`, or `cosine`, half a wave down to 0 at the end."""
    warmup_epochs: float = 0.0
    """Epochs in which it rises to `lr` first, in a straight line."""

    @property
    def bound_to_length(self) -> str | None:
        """The setting that spreads the schedule over the whole training, as `key=value`."""
        return None if self.schedule == "constant" else f"optimizer.schedule={self.schedule}"


@dataclass
class AdamWConfig(OptimizerConfig):
    """Adam with decoupled weight decay (arXiv:1711.05101)."""

    name: str = "adamw"
    beta1: float = 0.9
    """Decay of the running mean of gradients."""
    beta2: float = 0.999
    """Decay of the running mean of squared gradients."""
    schedule: str = "constant"
    """What becomes of the learning rate: `constant`, or `cosine`, half a wave down to 0 at the end."""
    warmup_epochs: float = 0.0
    """Epochs in which it rises to `lr` first, in a straight line."""

    @property
    def bound_to_length(self) -> str | None:
        """The setting that spreads the schedule over the whole training, as `key=value`."""
        return None if self.schedule == "constant" else f"optimizer.schedule={self.schedule}"
