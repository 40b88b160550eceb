from pathlib import Path

import pytest

from binrecon.errors import ConfigError
from binrecon.sweep.command import sweep
from binrecon.sweep.plan import Plan


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["trainer=slurm"], "trainer: slurm trains as srun starts it, and srun did not start this"),
        (
            ["trainer=ddp_cpu", "trainer.nodes=2"],
            "trainer.nodes: 2 machines need somebody who starts the run on each",
        ),
        (
            ["trainer=ddp", "trainer.devices=64"],
            "trainer.devices: trainer=ddp wants 64 GPUs, this machine has",
        ),
    ],
)
def test_sweep__a_trainer_that_this_machine_has_not(words: list[str], problem: str, tmp_path: Path) -> None:
    """Said before there is a study, which would be of that trainer for ever."""
    with pytest.raises(ConfigError, match=problem):
        sweep(Plan(["source=synthetic", "sweep.study=wide", f"output_root={tmp_path}", *words]))
    assert list(tmp_path.iterdir()) == []
