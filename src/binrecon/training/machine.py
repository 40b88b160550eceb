"""Whether a machine has what a run asks for."""

import torch

from binrecon.config.schema import TrainConfig, WandbLoggerConfig
from binrecon.config.trainer_words import SLURM
from binrecon.errors import ConfigError


def check_machine(config: TrainConfig) -> None:
    """Make sure that the devices and the log can be had that a run asks for.

    Raises:
        ConfigError: If not.
    """
    _check_devices(config)
    _check_logger(config)


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
