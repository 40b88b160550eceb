"""What is trained in which epoch: a function of the epoch alone, so that a resumed run knows it too."""

from collections.abc import Sequence
from dataclasses import dataclass

from binrecon.config.regime_words import HEAD
from binrecon.config.schema import (
    FrozenRegimeConfig,
    FullRegimeConfig,
    GradualRegimeConfig,
    PhasedRegimeConfig,
    RegimeConfig,
    TrainConfig,
    TrainedRegimeConfig,
)
from binrecon.config.spelling import did_you_mean
from binrecon.errors import ConfigError


@dataclass(frozen=True)
class Phase:
    """Some epochs in which the same is trained.

    Attributes:
        first_epoch: Counted from 0.
        epochs: How many.
        first_stage: First trained stage of the backbone; `head` for the head alone.
        image_size: Height and width of the training photos, in pixels.
        lr: Learning rate that the schedule starts from.
        begins_anew: Whether optimizer and schedule start afresh with it.
    """

    first_epoch: int
    epochs: int
    first_stage: str
    image_size: int
    lr: float
    begins_anew: bool = False


def plan_phases(config: TrainConfig, stages: Sequence[str]) -> tuple[Phase, ...]:
    """Plan the epochs of a run.

    Args:
        config: Of the run.
        stages: Names of the stages of its backbone, the first one first.

    Returns:
        The phases, without a gap from the first epoch to the last.

    Raises:
        ConfigError: If the backbone has not the stages that are named, or there are too few epochs.
    """
    regime = config.regime
    epochs, size, lr = config.trainer.max_epochs, config.data.image_size, config.optimizer.lr
    if not isinstance(regime, FullRegimeConfig | GradualRegimeConfig | PhasedRegimeConfig):
        if not isinstance(regime, FrozenRegimeConfig):
            raise TypeError(f"no phases are planned from {type(regime).__name__}")
        return (Phase(0, epochs, HEAD, size, lr),)
    _check_names([group.first_stage for group in regime.lr_groups], "regime.lr_groups", stages)
    match regime:
        case FullRegimeConfig():
            _check_names([regime.first_stage], "regime.first_stage", stages)
            return (Phase(0, epochs, regime.first_stage, size, lr),)
        case GradualRegimeConfig():
            _check_names([regime.first_stage], "regime.first_stage", stages)
            return _plan_gradual(regime, stages, epochs, size, lr)
        case PhasedRegimeConfig():
            _check_names([phase.first_stage for phase in regime.phases], "regime.phases", [*stages, HEAD])
            return _plan_phased(regime, size, lr)


def head_phase(epochs: int, lr: float) -> tuple[Phase]:
    """Return the one phase of a head that is trained on features, where there are no photos."""
    return (Phase(0, epochs, HEAD, image_size=0, lr=lr),)


def phase_at(phases: Sequence[Phase], epoch: int) -> Phase:
    """Return the phase of an epoch, counted from 0; the last one for all that come after it."""
    return next((p for p in phases if epoch < p.first_epoch + p.epochs), phases[-1])


def first_stage_ever(phases: Sequence[Phase], stages: Sequence[str]) -> str:
    """Return the first stage that is trained in any phase."""
    return min((phase.first_stage for phase in phases), key=[*stages, HEAD].index)


def lr_factors(regime: RegimeConfig, stages: Sequence[str]) -> list[float]:
    """Return what the learning rate of each stage is multiplied by; 1 before the first group.

    >>> from binrecon.config.schema import LrGroupConfig
    >>> group = LrGroupConfig("stage2", 0.5)
    >>> lr_factors(FullRegimeConfig(first_stage="stem", lr_groups=[group]), ["stem", "stage1", "stage2"])
    [1.0, 1.0, 0.5]
    """
    groups = regime.lr_groups if isinstance(regime, TrainedRegimeConfig) else []
    of_stage = {group.first_stage: group.factor for group in groups}
    current, factors = 1.0, []
    for stage in stages:
        current = of_stage.get(stage, current)
        factors.append(current)
    return factors


def _plan_gradual(
    regime: GradualRegimeConfig, stages: Sequence[str], epochs: int, size: int, lr: float
) -> tuple[Phase, ...]:
    last_to_first = list(stages[stages.index(regime.first_stage) :])[::-1]
    needed = regime.head_epochs + regime.stage_epochs * (len(last_to_first) - 1) + 1
    if epochs < needed:
        raise ConfigError(
            [
                f"regime: {regime.head_epochs} epochs for the head and {regime.stage_epochs} from each of "
                f"{len(last_to_first)} stages to the next need at least trainer.max_epochs={needed}, got "
                f"{epochs}; use more, or a later regime.first_stage"
            ]
        )
    phases = [Phase(0, regime.head_epochs, HEAD, size, lr)] if regime.head_epochs else []
    for stage in last_to_first[:-1]:
        start = phases[-1].first_epoch + phases[-1].epochs if phases else 0
        phases.append(Phase(start, regime.stage_epochs, stage, size, lr))
    start = phases[-1].first_epoch + phases[-1].epochs if phases else 0
    return (*phases, Phase(start, epochs - start, last_to_first[-1], size, lr))


def _plan_phased(regime: PhasedRegimeConfig, size: int, lr: float) -> tuple[Phase, ...]:
    phases: list[Phase] = []
    start = 0
    for phase in regime.phases:
        phases.append(
            Phase(
                first_epoch=start,
                epochs=phase.epochs,
                first_stage=phase.first_stage,
                image_size=phase.image_size or size,
                lr=lr if phase.lr is None else phase.lr,
                begins_anew=start > 0,
            )
        )
        start += phase.epochs
    return tuple(phases)


def _check_names(names: Sequence[str], key: str, allowed: Sequence[str]) -> None:
    unknown = [
        f"{key}: there is no stage '{name}' in this backbone, only {', '.join(allowed)}"
        f"{did_you_mean(name, allowed)}"
        for name in names
        if name not in allowed
    ]
    if unknown:
        raise ConfigError(unknown)
