"""Options of `configs/trainer/`: the values that each takes from the machine, and their checks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from binrecon.config.schema import TrainerConfig
from binrecon.errors import ConfigError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from binrecon.config.schema import TrainConfig

AUTO, FSDP, SLURM = "auto", "fsdp", "slurm"
_SEVERAL = ("ddp", "ddp_cpu", FSDP)


def settle_trainer(trainer: TrainerConfig, environ: Mapping[str, str]) -> TrainerConfig:
    """Fill in what a configuration leaves to the machine: `auto`, and devices or nodes that are 0.

    Args:
        trainer: As composed.
        environ: Environment variables, in which srun describes its step.

    >>> settle_trainer(TrainerConfig("slurm", "cpu", devices=0, nodes=0), {
    ...     "SLURM_STEP_ID": "0", "SLURM_NTASKS": "4", "SLURM_NNODES": "2"}).devices
    2
    """
    if trainer.name == SLURM and "SLURM_STEP_ID" in environ:
        nodes = trainer.nodes or int(environ["SLURM_NNODES"])
        trainer = replace(
            trainer, nodes=nodes, devices=trainer.devices or int(environ["SLURM_NTASKS"]) // nodes
        )
    if trainer.accelerator != AUTO and trainer.devices:
        return trainer
    if trainer.accelerator == "cpu":
        return replace(trainer, devices=1)
    from torch.cuda import device_count  # torch takes seconds to load

    found = device_count()
    accelerator = ("gpu" if found else "cpu") if trainer.accelerator == AUTO else trainer.accelerator
    return replace(trainer, accelerator=accelerator, devices=trainer.devices or max(1, found))


def check_shares(config: "TrainConfig | DictConfig") -> Iterator[str]:
    """Find keys that do not go with the number of processes; repeated once the machine has set that number.

    Args:
        config: Composed, or with its types.
    """
    trainer, data = config.trainer, config.data
    if trainer.name != SLURM and trainer.nodes < 1:
        yield f"trainer.nodes: 0, what srun started, is for trainer=slurm, got trainer={trainer.name}"
    if trainer.accelerator == "cpu" and trainer.devices < 1 and trainer.name != SLURM:
        yield "trainer.devices: 0 is one process for each GPU; on the CPU give a number"
    if trainer.devices < 1 or trainer.nodes < 1:
        return
    processes, named = trainer.devices * trainer.nodes, name_processes(trainer)
    if processes > 1 and data.batch_size % processes:
        yield (
            f"data.batch_size: {data.batch_size} photos cannot be shared evenly by {named}; "
            f"use a multiple of {processes}"
        )
    share = data.batch_size // processes
    if trainer.accumulate > 1 and share % trainer.accumulate:
        yield (
            f"trainer.accumulate: {share} photos cannot be shared evenly by "
            f"{trainer.accumulate} parts of a batch; use one of "
            f"{', '.join(str(parts) for parts in range(1, 17) if share % parts == 0)}"
        )
    head = _part(config.head)
    least = 2 * count_normalisers(trainer)
    if head.has_batch_norm and data.batch_size < least:
        share = "a batch" if least == 2 else f"the share that each of {named} has of a batch"
        yield (
            f"data.batch_size: this head normalises over the photos of {share} and needs at least 2 of them, "
            f"{least} in all, got {data.batch_size}; use a larger one, or head=linear "
            "head.is_standardised=false"
        )


def _part(node: Any) -> Any:  # noqa: ANN401  # a part of any kind, composed or with its type
    return OmegaConf.to_object(node) if OmegaConf.is_config(node) else node


def is_distributed(trainer: TrainerConfig) -> bool:
    """Return whether a trainer is distributed, if only with one device (to test that path on any machine)."""
    return trainer.name in _SEVERAL or trainer.devices * trainer.nodes > 1


def count_normalisers(trainer: TrainerConfig) -> int:
    """Count the processes that normalise for themselves; those that do so together are one."""
    return 1 if trainer.syncs_batchnorm else trainer.devices * trainer.nodes


def check_words(config: "TrainConfig | DictConfig") -> Iterator[str]:
    """Find values that do not go with a trainer."""
    trainer = config.trainer
    if trainer.precision == "16-mixed" and trainer.accelerator == "cpu":
        yield "trainer.precision: 16-mixed needs a GPU; on the CPU use 32-true or bf16-mixed"
    mirror = trainer.checkpoint_mirror
    if mirror is not None and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^/].*", mirror):
        yield f"trainer.checkpoint_mirror: '{mirror}' is no place on S3; give s3://BUCKET/PREFIX"
    if trainer.name != FSDP:
        return
    regime = _part(config.regime)
    if regime.is_frozen or regime.unfreezes:
        yield (
            f"trainer: fsdp shards what is trained and needs regime=full, got regime={config.regime.name}; "
            "use trainer=ddp"
        )
    if trainer.ema_decay is not None:
        yield "trainer: fsdp has no mean of the weights; use trainer=ddp, or trainer.ema_decay=null"


def name_processes(trainer: TrainerConfig) -> str:
    """Name the keys that set the number of processes.

    >>> name_processes(TrainerConfig(devices=8, nodes=2))
    'trainer.devices=8 on each of trainer.nodes=2'
    """
    devices = f"trainer.devices={trainer.devices}"
    return devices if trainer.nodes == 1 else f"{devices} on each of trainer.nodes={trainer.nodes}"


def settle(config: "TrainConfig", environ: Mapping[str, str]) -> "TrainConfig":
    """Fill in what a run leaves to the machine, and check what follows.

    Raises:
        ConfigError: If batches or values do not go with the machine.
    """
    settled = replace(config, trainer=settle_trainer(config.trainer, environ))
    if settled.trainer == config.trainer:
        return config
    if problems := [*check_shares(settled), *check_words(settled)]:
        raise ConfigError(problems)
    return settled
