import pytest
from tests.unit.training.distributed.test_place import SRUN, TORCHRUN

from binrecon.training.distributed.environment import choose_environment
from binrecon.training.distributed.place import find_place


def test_choose_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**TORCHRUN, **SRUN}.items():
        monkeypatch.setenv(name, value)
    names = [type(choose_environment(find_place(environ))).__name__ for environ in ({}, TORCHRUN, SRUN)]
    assert names == ["LightningEnvironment", "TorchElasticEnvironment", "SLURMEnvironment"]
    assert choose_environment(find_place(SRUN)).global_rank() == 3
