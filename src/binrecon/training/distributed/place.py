"""Rank of this process among those that train together, and the launcher that started them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from binrecon.config.compose import compose_config
from binrecon.config.schema import TrainerConfig
from binrecon.config.stored.recipes import take_in_recipes
from binrecon.config.trainer_words import SLURM, name_processes
from binrecon.errors import ConfigError

Starter = Literal["nobody", "torchrun", "srun"]

_NO_ID = "none"
"""torchrun's name of a job without an id."""

_SHELL_OF_SALLOC = str(0xFFFFFFFA)
"""The step of a shell that salloc opens (slurm.h's SLURM_INTERACTIVE_STEP): nobody started tasks in it."""


@dataclass(frozen=True)
class Place:
    """One process among those that train together.

    Attributes:
        starter: Who started them; `nobody` where this process may start some itself.
        job: What all of them, and those that take their place after a failure, call the job by; None where
            it has no name.
        rank: Number of this process.
        size: How many there are.
        local_rank: Number of this process on its machine.
        local_size: How many there are on this machine.
        node: Number of this machine where srun says it, which may deal ranks out in turn; else None.
    """

    starter: Starter = "nobody"
    job: str | None = None
    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    node: int | None = None

    @property
    def machine(self) -> int:
        """Number of this machine, counted from 0."""
        return self.rank // self.local_size if self.node is None else self.node

    @property
    def is_first(self) -> bool:
        """Return whether it is the one that writes."""
        return self.rank == 0

    @property
    def speaks(self) -> bool:
        """Return whether it is the one of its machine that says what is wrong."""
        return self.local_rank == 0


ALONE = Place()


def find_place(environ: Mapping[str, str]) -> Place:
    """Find out from environment variables whether torchrun or srun started this process among others.

    >>> find_place({"SLURM_JOB_ID": "7"}).starter  # within a job, but not by srun
    'nobody'
    >>> find_place({"SLURM_STEP_ID": "4294967290", "SLURM_PROCID": "0"}).starter  # in a shell of salloc
    'nobody'
    """
    if "TORCHELASTIC_RUN_ID" in environ:
        run_id = environ["TORCHELASTIC_RUN_ID"]
        return Place(
            "torchrun",
            None if run_id == _NO_ID else f"torchrun_{run_id}",
            *(int(environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")),
        )
    if "SLURM_PROCID" in environ and environ.get("SLURM_STEP_ID", _SHELL_OF_SALLOC) != _SHELL_OF_SALLOC:
        return Place(
            "srun",
            f"slurm_{environ['SLURM_JOB_ID']}_{environ['SLURM_STEP_ID']}",
            rank=int(environ["SLURM_PROCID"]),
            size=int(environ["SLURM_NTASKS"]),
            local_rank=int(environ["SLURM_LOCALID"]),
            local_size=int(environ["SLURM_NTASKS"]) // int(environ["SLURM_NNODES"]),
            node=int(environ["SLURM_NODEID"]) if "SLURM_NODEID" in environ else None,
        )
    return ALONE


def place_of_run(place: Place, trainer: TrainerConfig) -> Place:
    """Return what a place means to a run: a single task of srun is as any other process.

    So it is in a shell that srun opened. With `trainer=slurm` it is a job, to be put back into the queue.
    """
    is_single = place.starter == "srun" and place.size == 1
    return ALONE if is_single and trainer.name != SLURM else place


def check_place(trainer: TrainerConfig, place: Place) -> None:
    """Make sure that what was started is what the configuration asks for.

    Raises:
        ConfigError: If not.
    """
    if (trainer.name == SLURM) != (place.starter == "srun") and (trainer.name == SLURM or place.size > 1):
        raise ConfigError([_explain_slurm(trainer, place)])
    wanted = (trainer.devices, trainer.devices * trainer.nodes)
    if place.starter == "nobody":
        if trainer.nodes > 1:
            raise ConfigError(
                [
                    f"trainer.nodes: {trainer.nodes} machines need somebody who starts the run on each: "
                    f"torchrun --nnodes={trainer.nodes} --nproc-per-node={trainer.devices} --rdzv-id=NAME "
                    "--rdzv-backend=c10d --rdzv-endpoint=HOST:PORT -m binrecon train ...; or srun with "
                    "trainer=slurm"
                ]
            )
    elif (place.local_size, place.size) != wanted:
        raise ConfigError(
            [
                f"trainer.devices, trainer.nodes: {place.starter} started {place.size} processes, "
                f"{place.local_size} of them on this machine, but {name_processes(trainer)} are "
                f"{wanted[1]}; make them agree"
            ]
        )


def _explain_slurm(trainer: TrainerConfig, place: Place) -> str:
    if trainer.name == SLURM:
        return (
            "trainer: slurm trains as srun starts it, and srun did not start this; "
            "use srun binrecon train ..., or trainer=auto"
        )
    return f"trainer: srun started {place.size} processes, got trainer={trainer.name}; use trainer=slurm"


def words_of_job(words: Sequence[str], place: Place) -> list[str]:
    """Add to a command line the run folder that all processes of a job share.

    Raises:
        ConfigError: If nothing tells them the same folder, or each would run all of several runs.
    """
    is_several = bool({"-m", "--multirun"} & set(words))
    if place.size > 1 and is_several:
        raise ConfigError(
            [
                f"--multirun: each of the {place.size} processes that {place.starter} started would run all "
                "runs; start one run at a time"
            ]
        )
    if place.starter == "nobody" or is_several or any(word.startswith("hydra.run.dir=") for word in words):
        return list(words)
    if place.starter == "srun" and place.size == 1 and not _is_of_slurm(words):
        return list(words)
    if place.job is None:
        raise ConfigError(
            [
                "hydra.run.dir: nothing tells all processes one run folder; give torchrun an --rdzv-id=NAME, "
                "or add hydra.run.dir=FOLDER"
            ]
        )
    return [*words, f"hydra.run.dir='${{output_root}}/train/{place.job}'"]


def _is_of_slurm(words: Sequence[str]) -> bool:
    """True if words, or a recipe that they name, choose `trainer=slurm`; not those that do not compose."""
    try:
        config = compose_config(
            "train", take_in_recipes([word for word in words if not word.startswith("-")])
        )
    except ConfigError:  # which is said where they are composed to be run
        return False
    return bool(config.trainer.name == SLURM)
