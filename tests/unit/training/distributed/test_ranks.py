import shutil
from pathlib import Path

import pytest

import binrecon
from binrecon.config.compose import compose_config, to_typed
from binrecon.errors import TrainingError
from binrecon.training.distributed.place import Place
from binrecon.training.distributed.ranks import PACKAGE, Ranks, describe_disagreement, hash_code, joined


def test_describe_disagreement() -> None:
    same = {"torch": "2.13.0", "seed": 0}
    assert describe_disagreement([same, same]) is None
    assert describe_disagreement([same, {"torch": "2.12.0", "seed": 1}, same, {"seed": 0}]) == (
        "the processes do not run the same: rank 1 has torch=2.12.0, seed=1 where rank 0 has torch=2.13.0, seed=0; "
        "rank 3 has torch=None where rank 0 has torch=2.13.0; start all of them with the same words, from the same "
        "version of binrecon and torch"
    )
    many = describe_disagreement([{str(key): 0 for key in range(9)}, {str(key): 1 for key in range(9)}])
    assert many is not None
    assert "5=1 and 3 more where" in many


def test_hash_code__of_every_file_of_binrecon(tmp_path: Path) -> None:
    copy = shutil.copytree(Path(binrecon.__file__).parent, tmp_path / "binrecon")
    assert hash_code(copy) == hash_code(PACKAGE)
    for name in ("cli.py", "data/batch.py"):
        before = hash_code(copy)
        with (copy / name).open("a") as file:
            file.write("# another line\n")
        assert hash_code(copy) != before


def test_joined__not_all_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two tasks of srun, which waits a second."""
    srun = {"SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "1", "SLURM_PROCID": "0", "SLURM_JOB_ID": "1"}
    for name, value in {**srun, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}.items():
        monkeypatch.setenv(name, value)
    words = [
        "source=synthetic",
        "trainer=slurm",
        "trainer.accelerator=cpu",
        "trainer.devices=1",
        "trainer.nodes=2",
    ]
    config = to_typed(compose_config("train", [*words, "trainer.join_timeout_s=1"]))
    with (
        pytest.raises(TrainingError) as caught,
        joined(config, Place("srun", "slurm_1_0", size=2)),
    ):
        raise AssertionError("nobody else came")
    assert str(caught.value) == (
        "process 0 waited 1 s (trainer.join_timeout_s) for all of trainer.devices=1 on each of trainer.nodes=2 to "
        "meet at 127.0.0.1:0, and not all came; look at the log of each machine, and whether they reach each other at "
        "that port (MASTER_ADDR, MASTER_PORT)"
    )


class Alone(Ranks):
    """Hears what it is told the first process says."""

    def __init__(self, said: list[object]) -> None:
        self.place = Place("torchrun", "torchrun_1", rank=1, size=2)
        self.said = said


def test_first_does__failed_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = Alone(["done", "failed"])
    monkeypatch.setattr(Ranks, "hear_first", lambda self, said: self.said.pop(0))
    ranks.first_does(lambda: pytest.fail("the first process does it"))
    with pytest.raises(SystemExit):
        ranks.first_does(lambda: pytest.fail("the first process does it"))
