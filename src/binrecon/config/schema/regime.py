"""Which layers are trained, and when."""

from dataclasses import dataclass, field

from binrecon.config.options import MISSING, option


@dataclass
class RegimeConfig:
    """Which layers are trained, and when."""

    name: str = MISSING
    """Which regime this is; set by the group option, not by hand."""


@dataclass
class FrozenRegimeConfig(RegimeConfig):
    """The backbone stays as it is, BatchNorm statistics included; only the head is trained: the proposal."""

    name: str = "frozen"


@dataclass
class LrGroupConfig:
    """The stages from one to the next group, or to the head."""

    first_stage: str = MISSING
    """Where the group begins: `stem`, `stage1`, …"""
    factor: float = MISSING
    """What the learning rate is multiplied by."""


@dataclass
class TrainedRegimeConfig(RegimeConfig):
    """What the regimes have in common that train layers of the backbone."""

    lr_groups: list[LrGroupConfig] = field(default_factory=list)
    """Stages with a learning rate of their own, for instance
    [{first_stage: stem, factor: 0.1}, {first_stage: stage3, factor: 0.3}]; the head has optimizer.lr."""


@dataclass
class FullRegimeConfig(TrainedRegimeConfig):
    """Every layer from a stage on is trained from the first epoch on."""

    name: str = "full"
    first_stage: str = "stem"
    """First trained stage of the backbone, `stem` for all of it; the stages before it stay as they are."""


@dataclass
class GradualRegimeConfig(TrainedRegimeConfig):
    """The head alone, then stage by stage, the last one first: Howard & Ruder 2018, arXiv:1801.06146."""

    name: str = "gradual"
    first_stage: str = "stem"
    """The stage to end with: `stem` (all of the backbone), `stage1`, …"""
    head_epochs: int = option(2, at_least=0)
    """Epochs for the head alone."""
    stage_epochs: int = option(1, at_least=1)
    """Epochs from one stage to the next."""


@dataclass
class PhaseConfig:
    """A part of a run, with an optimizer and a learning-rate schedule of its own."""

    epochs: int = MISSING
    """How long it lasts."""
    first_stage: str = "stem"
    """First trained stage of the backbone; `head` trains the head alone."""
    image_size: int | None = None
    """Height and width of the training photos, in pixels; null for data.image_size."""
    lr: float | None = None
    """Learning rate at its start; null for optimizer.lr."""


@dataclass
class PhasedRegimeConfig(TrainedRegimeConfig):
    """Phases, each with its own first stage, photo size and learning rate: the head, then all at 224 pixels.

    As in fastai's course of 2018, which Stanford's SGDR run follows; its whole plan is
    experiment=stanford/resnet34_sgdr.
    """

    name: str = "phased"
    phases: list[PhaseConfig] = field(
        default_factory=lambda: [PhaseConfig(7, "head"), PhaseConfig(8, "stem")]
    )
    """The phases; their epochs add up to trainer.max_epochs."""


REGIMES = {
    "frozen": "binrecon.config.schema.regime:FrozenRegimeConfig",
    "full": "binrecon.config.schema.regime:FullRegimeConfig",
    "gradual": "binrecon.config.schema.regime:GradualRegimeConfig",
    "phased": "binrecon.config.schema.regime:PhasedRegimeConfig",
}
"""Option of `regime=` to its keys."""
