import pytest

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.schema import TrainerConfig
from binrecon.config.trainer_words import settle_trainer
from binrecon.errors import ConfigError

SRUN = {"SLURM_STEP_ID": "0", "SLURM_NTASKS": "16", "SLURM_NNODES": "2"}


def found(monkeypatch: pytest.MonkeyPatch, gpus: int) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)


@pytest.mark.parametrize(("gpus", "settled"), [(0, ("cpu", 1)), (1, ("gpu", 1)), (4, ("gpu", 4))])
def test_settle_trainer__auto(gpus: int, settled: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, gpus)
    trainer = settle_trainer(TrainerConfig("auto", "auto", devices=0), {})
    assert (trainer.accelerator, trainer.devices) == settled


def test_settle_trainer__slurm() -> None:
    trainer = settle_trainer(TrainerConfig("slurm", "gpu", devices=0, nodes=0), SRUN)
    assert (trainer.devices, trainer.nodes) == (8, 2)


def test_settle_trainer__leaves_what_is_said() -> None:
    trainer = TrainerConfig("ddp", "gpu", devices=2)
    assert settle_trainer(trainer, SRUN) is trainer


def test_to_typed__a_batch_that_the_machines_gpus_cannot_share(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, 3)
    config = compose_config("train", ["source=synthetic", "trainer=auto", "data.batch_size=64"])
    with pytest.raises(
        ConfigError, match=r"64 photos cannot be shared evenly by trainer\.devices=3; use a multiple of 3"
    ):
        to_typed(config)


def test_to_typed__a_precision_that_the_machine_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightning would take bfloat16 instead, and only warn."""
    found(monkeypatch, 0)
    config = compose_config("train", ["source=synthetic", "trainer=auto", "trainer.precision=16-mixed"])
    with pytest.raises(ConfigError) as caught:
        to_typed(config)
    assert caught.value.problems == (
        "trainer.precision: 16-mixed needs a GPU; on the CPU use 32-true or bf16-mixed",
    )
