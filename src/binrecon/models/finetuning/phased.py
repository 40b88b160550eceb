"""A plan of the user's own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from binrecon.config.options import option
from binrecon.config.regime_words import HEAD
from binrecon.config.schema import Phase
from binrecon.models.finetuning.trained import TrainedRegimeConfig, check_stages


@dataclass
class PhaseConfig:
    """A part of a run, with an optimizer and a learning-rate schedule of its own."""

    epochs: int = option(at_least=1)
    """Length in epochs."""
    first_stage: str = "stem"
    """First trained stage of the backbone; `head` trains the head alone."""
    image_size: int | None = option(None, at_least=32, at_most=2048)
    """Height and width of the training photos, in pixels; null for data.image_size."""
    lr: float | None = option(None, above=0)
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

    unfreezes: ClassVar[bool] = True

    @property
    def bound_to_length(self) -> str | None:
        """The setting that fixes how many epochs the whole training has, as a key."""
        return "regime.phases"

    def plan(self, stages: Sequence[str], epochs: int, image_size: int, lr: float) -> tuple[Phase, ...]:
        """Plan the phases as they are given."""
        self.check_groups(stages)
        check_stages([phase.first_stage for phase in self.phases], "regime.phases", [*stages, HEAD])
        planned: list[Phase] = []
        start = 0
        for phase in self.phases:
            size, rate = phase.image_size or image_size, lr if phase.lr is None else phase.lr
            planned.append(Phase(start, phase.epochs, phase.first_stage, size, rate, begins_anew=start > 0))
            start += phase.epochs
        return tuple(planned)
