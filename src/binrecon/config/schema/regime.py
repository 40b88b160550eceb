"""Which layers are trained, and when."""

from dataclasses import dataclass, field

from binrecon.config.schema.missing import MISSING


@dataclass
class RegimeConfig:
    """Which layers are trained, and when."""

    name: str = MISSING
    """Which regime this is; set by the group option, not by hand."""

    @property
    def bound_to_length(self) -> str | None:
        """The setting that fixes how many epochs the whole training has, as a key.

        None if what is trained in an epoch is the same however many epochs follow.
        """
        return None


@dataclass
class FrozenRegimeConfig(RegimeConfig):
    """The backbone stays as it is, BatchNorm statistics included, and only the head is trained."""

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
    """Everything from a stage on is trained."""

    name: str = "full"
    first_stage: str = MISSING
    """First trained stage of the backbone, `stem` for all of it; the stages before it stay as they are."""


@dataclass
class GradualRegimeConfig(TrainedRegimeConfig):
    """The head alone, then one stage more every few epochs, from the last stage to the first."""

    name: str = "gradual"
    first_stage: str = MISSING
    """The stage to end with: `stem` (all of the backbone), `stage1`, …"""
    head_epochs: int = MISSING
    """Epochs for the head alone."""
    stage_epochs: int = MISSING
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
    """Phases, one after the other."""

    name: str = "phased"
    phases: list[PhaseConfig] = MISSING
    """The phases; their epochs add up to trainer.max_epochs."""

    @property
    def bound_to_length(self) -> str | None:
        """The setting that fixes how many epochs the whole training has, as a key."""
        return "regime.phases"
