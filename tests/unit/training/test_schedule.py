import math
from collections.abc import Sequence

import pytest
import torch

from binrecon.config.parts import list_default_schedules, load_parts
from binrecon.config.schema import Phase, ScheduleConfig
from binrecon.optim.build import build_optimizer
from binrecon.optim.optimizers.sgd import SGDConfig
from binrecon.optim.schedules.constant import ConstantConfig
from binrecon.optim.schedules.cosine import CosineConfig
from binrecon.optim.schedules.step import StepConfig
from binrecon.optim.schedules.warm_restarts import WarmRestartsConfig
from binrecon.training.phases import head_phase
from binrecon.training.schedule import build_schedule


def rates(
    config: ScheduleConfig, lr: float, steps_per_epoch: int, epochs: int, phases: Sequence[Phase] = ()
) -> list[float]:
    """Return the learning rate that each batch is trained with."""
    optimizer = build_optimizer(SGDConfig(lr=lr), {1.0: [torch.nn.Parameter(torch.zeros(1))]})
    schedule = build_schedule(config, optimizer, lr, steps_per_epoch, phases or head_phase(epochs, lr))
    seen = []
    for _ in range(steps_per_epoch * epochs):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if schedule is not None:
            schedule.step()
    return seen


def test_build_schedule__step() -> None:
    seen = rates(StepConfig(step_epochs=2, step_factor=0.1), 1.0, steps_per_epoch=3, epochs=5)
    assert seen == pytest.approx([1.0] * 6 + [0.1] * 6 + [0.01] * 3)


def test_build_schedule__warm_restarts_follow_the_paper() -> None:
    seen = rates(WarmRestartsConfig(min_lr=0.1, first_cycle_epochs=1, cycle_mult=2), 1.0, 4, 7)
    paper = [
        0.1 + 0.5 * (1.0 - 0.1) * (1 + math.cos(math.pi * t / length))
        for length in (4, 8, 16)
        for t in range(length)
    ]
    assert seen == pytest.approx(paper)


def test_build_schedule__constant() -> None:
    assert set(rates(ConstantConfig(), 0.3, 2, 2)) == {0.3}
    assert not ConstantConfig(warmup_epochs=1).is_constant


def test_build_schedule__a_phase_that_begins_anew_starts_over() -> None:
    phases = [
        Phase(0, 1, "head", 64, 1.0),
        Phase(1, 2, "stage1", 64, 1.0),  # goes on
        Phase(3, 2, "stem", 128, 0.2, begins_anew=True),
    ]
    config = WarmRestartsConfig(first_cycle_epochs=1, cycle_mult=2)
    assert rates(config, 1.0, 4, 5, phases) == pytest.approx(
        rates(config, 1.0, 4, 3) + [0.2 * rate for rate in rates(config, 1.0, 4, 2)]
    )
    assert rates(ConstantConfig(), 1.0, 1, 5, phases) == pytest.approx([1, 1, 1, 0.2, 0.2])


def test_build_schedule__cosine_rises_and_falls() -> None:
    seen = rates(CosineConfig(warmup_epochs=1.5), 2.0, 2, 5)
    falling = [1 + math.cos(math.pi * t / 7) for t in range(7)]
    assert seen == pytest.approx([0.5, 1.0, 1.5, *falling])


def test_build_schedule__every_schedule_follows_its_warmup() -> None:
    for part in load_parts("schedule").values():
        warm, cold = part(warmup_epochs=1), part()
        assert rates(warm, 1.0, 4, 5)[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
        if not part.depends_on_length:
            assert rates(warm, 1.0, 4, 5)[4:] == pytest.approx(rates(cold, 1.0, 4, 4))


@pytest.mark.parametrize("warmup_epochs", [0.0, 1.5])
@pytest.mark.parametrize("part", load_parts("schedule").values(), ids=load_parts("schedule"))
def test_bound_to_length__is_what_the_schedule_does(part: type[ScheduleConfig], warmup_epochs: float) -> None:
    """A schedule that is bound to no length has the same rates in a training that is twice as long."""
    config = part(warmup_epochs=warmup_epochs)
    short, long = (
        [config.compute_factor(step, 5, 5 * epochs, 0.1) for step in range(20)] for epochs in (4, 8)
    )
    assert (short != long) == (config.bound_to_length is not None) == part.depends_on_length
    assert config.bound_to_length in (None, f"schedule={config.name}")


def test_default_schedules() -> None:
    assert list_default_schedules() == {
        "of_sgd": "step",
        "of_sgdr": "warm_restarts",
        "of_adam": "constant",
        "of_adamw": "constant",
    }
