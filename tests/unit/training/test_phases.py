import pytest

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.schema import Phase, TrainConfig
from binrecon.errors import ConfigError
from binrecon.training.phases import first_stage_ever, phase_at, plan_phases

STAGES = ("stem", "stage1", "stage2", "stage3", "stage4")


def compose(*words: str) -> TrainConfig:
    config: TrainConfig = to_typed(compose_config("train", ["source=synthetic", "source.root=x", *words]))
    return config


def test_plan_phases__frozen_and_full_are_one_phase() -> None:
    assert plan_phases(compose(), STAGES) == (Phase(0, 15, "head", 224, 1e-3),)
    assert plan_phases(compose("regime=full", "regime.first_stage=stage3"), STAGES) == (
        Phase(0, 15, "stage3", 224, 1e-3),
    )


def test_plan_phases__gradual_goes_from_the_last_stage_to_the_first() -> None:
    config = compose("regime=gradual", "regime.head_epochs=3", "regime.stage_epochs=2")
    planned = plan_phases(config, STAGES)
    assert [(p.first_epoch, p.epochs, p.first_stage) for p in planned] == [
        (0, 3, "head"),
        (3, 2, "stage4"),
        (5, 2, "stage3"),
        (7, 2, "stage2"),
        (9, 2, "stage1"),
        (11, 4, "stem"),
    ]
    assert not any(phase.begins_anew for phase in planned)
    short = compose("regime=gradual", "regime.head_epochs=0", "regime.first_stage=stage3")
    assert [(p.first_epoch, p.epochs, p.first_stage) for p in plan_phases(short, STAGES)] == [
        (0, 1, "stage4"),
        (1, 14, "stage3"),
    ]


def test_plan_phases__gradual_with_too_few_epochs() -> None:
    config = compose("regime=gradual", "trainer.max_epochs=6")
    with pytest.raises(ConfigError, match=r"need at least trainer.max_epochs=7, got 6"):
        plan_phases(config, STAGES)


def test_plan_phases__phased() -> None:
    config = compose(
        "regime=phased",
        "regime.phases=[{epochs: 2, first_stage: head, image_size: 64, lr: 0.5}, {epochs: 13}]",
    )
    planned = plan_phases(config, STAGES)
    assert planned == (Phase(0, 2, "head", 64, 0.5), Phase(2, 13, "stem", 224, 1e-3, begins_anew=True))
    assert [phase_at(planned, epoch).image_size for epoch in (0, 1, 2, 14, 15)] == [64, 64, 224, 224, 224]
    assert first_stage_ever(planned, STAGES) == "stem"
    assert first_stage_ever(planned[:1], STAGES) == "head"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["regime=full", "regime.first_stage=layer4"],
            "regime.first_stage: there is no stage 'layer4' in this backbone, only stem, stage1, stage2, stage3, "
            "stage4",
        ),
        (
            ["regime=full", "regime.lr_groups=[{first_stage: stagge3, factor: 0.1}]"],
            "there is no stage 'stagge3'.* Did you mean 'stage3'",
        ),
        (
            ["regime=phased", "regime.phases=[{epochs: 15, first_stage: stage9}]"],
            "regime.phases: there is no stage 'stage9' in this backbone, only stem, .*, head",
        ),
        (["regime=gradual", "regime.first_stage=head"], "there is no stage 'head'"),
    ],
)
def test_plan_phases__unknown_stage(words: list[str], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        plan_phases(compose(*words), STAGES)
