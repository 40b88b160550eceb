"""Phases: what is trained in which epoch, a function of the epoch alone, so that a resumed run agrees."""

from collections.abc import Sequence

from binrecon.config.regime_words import HEAD
from binrecon.config.schema import Phase, TrainConfig


def plan_phases(config: TrainConfig, stages: Sequence[str]) -> tuple[Phase, ...]:
    """Plan the epochs of a run; arguments and errors as for `RegimeConfig.plan`."""
    return config.regime.plan(stages, config.trainer.max_epochs, config.data.image_size, config.optimizer.lr)


def head_phase(epochs: int, lr: float) -> tuple[Phase]:
    """Return the one phase of a head that is trained on features, where there are no photos."""
    return (Phase(0, epochs, HEAD, image_size=0, lr=lr),)


def phase_at(phases: Sequence[Phase], epoch: int) -> Phase:
    """Return the phase of an epoch, counted from 0; the last one for all that come after it."""
    return next((p for p in phases if epoch < p.first_epoch + p.epochs), phases[-1])


def first_stage_ever(phases: Sequence[Phase], stages: Sequence[str]) -> str:
    """Return the first stage that is trained in any phase."""
    return min((phase.first_stage for phase in phases), key=[*stages, HEAD].index)
