"""Options and methods of every regime; the regimes themselves are in `models/finetuning/`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from binrecon.config.options import MISSING


@dataclass(frozen=True)
class Phase:
    """Some epochs in which the same is trained.

    Attributes:
        first_epoch: Counted from 0.
        epochs: How many.
        first_stage: First trained stage of the backbone; `head` for the head alone.
        image_size: Height and width of the training photos, in pixels.
        lr: Learning rate that the schedule starts from.
        begins_anew: Whether optimizer and schedule restart with it.
    """

    first_epoch: int
    epochs: int
    first_stage: str
    image_size: int
    lr: float
    begins_anew: bool = False


@dataclass
class RegimeConfig:
    """Layers that are trained, and their epochs."""

    name: str = MISSING
    """Name of the regime; set by the group option, not by hand."""

    is_frozen: ClassVar[bool] = False
    """True if the head alone is trained, on features that may be cached."""
    unfreezes: ClassVar[bool] = False
    """True if layers are trained later on that are not at first."""

    @property
    def bound_to_length(self) -> str | None:
        """The setting that fixes how many epochs the whole training has, as a key.

        None if what is trained in an epoch is the same however many epochs follow.
        """
        return None

    def plan(self, stages: Sequence[str], epochs: int, image_size: int, lr: float) -> tuple[Phase, ...]:
        """Plan the epochs of a run.

        Args:
            stages: Names of the stages of its backbone, the first one first.
            epochs: How many there are.
            image_size: Height and width of the photos unless it says otherwise, in pixels.
            lr: Learning rate that the schedule starts from unless it says otherwise.

        Returns:
            The phases, without a gap from the first epoch to the last.

        Raises:
            ConfigError: If the backbone has not the stages that are named, or there are too few epochs.
        """
        raise NotImplementedError

    def lr_factors(self, stages: Sequence[str]) -> list[float]:
        """Return what the learning rate of each stage is multiplied by."""
        return [1.0] * len(stages)
