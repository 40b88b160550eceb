"""Stage by stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from binrecon.config.options import option
from binrecon.config.regime_words import HEAD
from binrecon.config.schema import Phase
from binrecon.errors import ConfigError
from binrecon.models.finetuning.trained import TrainedRegimeConfig, check_stages


@dataclass
class GradualRegimeConfig(TrainedRegimeConfig):
    """The head alone, then stage by stage, the last one first: Howard & Ruder 2018, arXiv:1801.06146."""

    name: str = "gradual"
    first_stage: str = "stem"
    """The stage to end with: `stem` (all of the backbone), `stage1`, …"""
    head_epochs: int = option(2, at_least=0, at_most=1_000_000)
    """Epochs for the head alone."""
    stage_epochs: int = option(1, at_least=1, at_most=1_000_000)
    """Epochs from one stage to the next."""

    unfreezes: ClassVar[bool] = True

    def plan(self, stages: Sequence[str], epochs: int, image_size: int, lr: float) -> tuple[Phase, ...]:
        """Plan a phase for the head, and one for each stage."""
        self.check_groups(stages)
        check_stages([self.first_stage], "regime.first_stage", stages)
        last_to_first = list(stages[stages.index(self.first_stage) :])[::-1]
        self._check_length(epochs, len(last_to_first))
        phases = [Phase(0, self.head_epochs, HEAD, image_size, lr)] if self.head_epochs else []
        start = self.head_epochs
        for stage in last_to_first[:-1]:
            phases.append(Phase(start, self.stage_epochs, stage, image_size, lr))
            start += self.stage_epochs
        return (*phases, Phase(start, epochs - start, last_to_first[-1], image_size, lr))

    def _check_length(self, epochs: int, stage_count: int) -> None:
        needed = self.head_epochs + self.stage_epochs * (stage_count - 1) + 1
        if epochs < needed:
            raise ConfigError(
                [
                    f"regime: {self.head_epochs} epochs for the head and {self.stage_epochs} from each of "
                    f"{stage_count} stages to the next need at least trainer.max_epochs={needed}, got "
                    f"{epochs}; use more, or a later regime.first_stage"
                ]
            )
