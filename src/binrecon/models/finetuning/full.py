"""Every layer from the first epoch on."""

from collections.abc import Sequence
from dataclasses import dataclass

from binrecon.config.schema import Phase
from binrecon.models.finetuning.trained import TrainedRegimeConfig, check_stages


@dataclass
class FullRegimeConfig(TrainedRegimeConfig):
    """Every layer from a stage on is trained from the first epoch on."""

    name: str = "full"
    first_stage: str = "stem"
    """First trained stage of the backbone, `stem` for all of it; the stages before it stay as they are."""

    def plan(self, stages: Sequence[str], epochs: int, image_size: int, lr: float) -> tuple[Phase, ...]:
        """Plan one phase."""
        self.check_groups(stages)
        check_stages([self.first_stage], "regime.first_stage", stages)
        return (Phase(0, epochs, self.first_stage, image_size, lr),)
