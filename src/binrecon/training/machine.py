"""Checks that a machine has what a run needs."""

import torch

from binrecon.config.schema import TrainConfig, WandbLoggerConfig
from binrecon.config.trainer_words import SLURM
from binrecon.data.transforms import list_looks
from binrecon.data.workers import check_shared_memory
from binrecon.errors import ConfigError
from binrecon.manifest import Manifest


def check_machine(config: TrainConfig) -> None:
    """Make sure that the devices and the log can be had that a run asks for.

    Raises:
        ConfigError: If not.
    """
    _check_devices(config)
    _check_logger(config)


def check_decoding(config: TrainConfig, manifest: Manifest) -> None:
    """Make sure that the batches of photos that are decoded ahead fit into this machine's shared memory.

    Raises:
        WorkerError: If they do not.
    """
    data, trainer = config.data, config.trainer
    batch_photos = -(-data.batch_size // (trainer.devices * trainer.nodes))
    photo_bytes = 3 * data.image_size**2
    looks = list_looks(torch.zeros(1, dtype=torch.int64), data.tta).shape[1]  # type: ignore[arg-type]  # checked
    train, val = (len(manifest.select_rows(split, ["bin_id"])) for split in ("train", "val"))
    parts = trainer.accumulate
    for bins, photos, batches in (
        (train, -(-batch_photos // parts), -(-train // data.batch_size) * parts),
        (val, batch_photos * looks, -(-val // data.batch_size)),
    ):
        batch_bytes = min(photos, bins * looks) * photo_bytes
        check_shared_memory(batch_bytes, data.workers, batches, trainer.devices)


def _check_devices(config: TrainConfig) -> None:
    if config.trainer.accelerator != "gpu":
        return
    found = torch.cuda.device_count()
    if found < config.trainer.devices:
        shown = " to each task (of srun, use --gpus-per-node)" if config.trainer.name == SLURM else ""
        raise ConfigError(
            [
                f"trainer.devices: trainer={config.trainer.name} wants {config.trainer.devices} GPUs, "
                f"this machine has {found}{shown}; use trainer=cpu, or lower trainer.devices"
            ]
        )


def _check_logger(config: TrainConfig) -> None:
    if isinstance(config.logger, WandbLoggerConfig):
        from binrecon.training.logs.wandb_log import require_key  # W&B takes a second to load

        require_key(config.logger.mode)
