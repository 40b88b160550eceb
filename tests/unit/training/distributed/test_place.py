from pathlib import Path

import pytest

from binrecon.config.schema import TrainerConfig
from binrecon.errors import ConfigError
from binrecon.training.distributed.place import (
    ALONE,
    Place,
    check_place,
    find_place,
    place_of_run,
    words_of_job,
)

TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "bins1",
    "RANK": "3",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
}
SRUN = {
    "SLURM_JOB_ID": "7",
    "SLURM_STEP_ID": "0",
    "SLURM_PROCID": "3",
    "SLURM_NTASKS": "4",
    "SLURM_NNODES": "2",
    "SLURM_LOCALID": "1",
    "SLURM_NTASKS_PER_NODE": "2",
}
DDP = TrainerConfig("ddp", "gpu", devices=2, nodes=2)
SLURM = TrainerConfig("slurm", "gpu", devices=2, nodes=2)
SHELL = {**SRUN, "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NTASKS": "1", "SLURM_NNODES": "1"}
"""Of `srun --pty bash`, where a person starts one run after another."""


def problem_of(trainer: TrainerConfig, place: Place) -> str:
    with pytest.raises(ConfigError) as caught:
        check_place(trainer, place)
    (problem,) = caught.value.problems
    return problem


def test_find_place() -> None:
    assert find_place({}) == ALONE
    assert find_place(TORCHRUN) == Place("torchrun", "torchrun_bins1", 3, 4, 1, 2)
    assert find_place(SRUN) == Place("srun", "slurm_7_0", 3, 4, 1, 2)
    assert find_place({"SLURM_JOB_ID": "7", "SLURM_PROCID": "0", "SLURM_NTASKS": "4"}) == ALONE, "no srun"


def test_place__machine_where_srun_deals_ranks_out_in_turn() -> None:
    """`--distribution=cyclic`: ranks 0 and 2 on one machine, 1 and 3 on the other."""
    assert find_place(SRUN).machine == 1
    assert find_place({**SRUN, "SLURM_PROCID": "1", "SLURM_LOCALID": "0", "SLURM_NODEID": "1"}).machine == 1
    assert find_place({**SRUN, "SLURM_PROCID": "2", "SLURM_LOCALID": "1", "SLURM_NODEID": "0"}).machine == 0
    assert find_place(TORCHRUN).machine == 1


def test_check_place__accepts() -> None:
    check_place(TrainerConfig("ddp", "gpu", devices=2), ALONE)
    check_place(DDP, find_place(TORCHRUN))
    check_place(SLURM, find_place(SRUN))
    check_place(TrainerConfig("slurm", "cpu"), Place("srun", "slurm_7_0"))


def test_check_place__nobody_starts_other_machines() -> None:
    assert problem_of(DDP, ALONE) == (
        "trainer.nodes: 2 machines need somebody who starts the run on each: torchrun --nnodes=2 --nproc-per-node=2 "
        "--rdzv-id=NAME --rdzv-backend=c10d --rdzv-endpoint=HOST:PORT -m binrecon train ...; or srun with trainer=slurm"
    )


def test_check_place__another_number_of_processes() -> None:
    assert problem_of(TrainerConfig("ddp", "gpu", devices=4), find_place(TORCHRUN)) == (
        "trainer.devices, trainer.nodes: torchrun started 4 processes, 2 of them on this machine, but "
        "trainer.devices=4 are 4; make them agree"
    )


def test_check_place__slurm_without_srun_and_srun_without_slurm() -> None:
    assert problem_of(SLURM, ALONE) == (
        "trainer: slurm trains as srun starts it, and srun did not start this; use srun binrecon train ..., "
        "or trainer=auto"
    )
    assert problem_of(DDP, find_place(SRUN)) == (
        "trainer: srun started 4 processes, got trainer=ddp; use trainer=slurm"
    )


def test_words_of_job() -> None:
    place = find_place(TORCHRUN)
    assert words_of_job(["seed=1"], ALONE) == ["seed=1"]
    assert words_of_job(["seed=1"], place) == [
        "seed=1",
        "hydra.run.dir='${output_root}/train/torchrun_bins1'",
    ]
    assert words_of_job(["hydra.run.dir=here"], place) == ["hydra.run.dir=here"]


def test_place_of_run__a_single_task_is_as_any_process() -> None:
    """Unless it trains with trainer=slurm."""
    assert place_of_run(find_place(SHELL), TrainerConfig("ddp_cpu", "cpu", devices=2)) == ALONE
    assert place_of_run(find_place(SHELL), TrainerConfig("slurm", "cpu")).starter == "srun"
    assert place_of_run(find_place(SRUN), DDP) == find_place(SRUN), "one of several, which is refused"


def test_words_of_job__a_single_task(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("# @package _global_\ndefaults:\n  - override /trainer: slurm\n")
    shell = find_place(SHELL)
    for words in (["seed=1"], ["trainer=ddp_cpu"], ["no=such"], ["-m", "trainer=slurm", "seed=0,1"]):
        assert words_of_job(words, shell) == words
    for words in (["trainer=slurm"], [f"experiment={recipe}"]):
        assert words_of_job(words, shell) == [*words, "hydra.run.dir='${output_root}/train/slurm_7_0'"]


def test_words_of_job__several_runs_of_a_single_process_have_folders_of_their_own() -> None:
    alone = find_place(
        {**TORCHRUN, "RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}
    )
    assert words_of_job(["seed=0,1", "-m"], alone) == ["seed=0,1", "-m"]


def test_words_of_job__that_cannot_be_shared() -> None:
    with pytest.raises(
        ConfigError, match="nothing tells all processes one run folder; give torchrun an --rdzv-id"
    ):
        words_of_job([], find_place({**TORCHRUN, "TORCHELASTIC_RUN_ID": "none"}))
    with pytest.raises(ConfigError, match="each of the 4 processes that torchrun started would run all runs"):
        words_of_job(["-m", "seed=0,1"], find_place(TORCHRUN))
