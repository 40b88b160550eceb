"""Devices and number formats of `trainer`, as torch names them."""

from dataclasses import replace

import torch

from binrecon.config.schema import TrainerConfig

_DEVICES = {"cpu": "cpu", "gpu": "cuda"}
"""Lightning's word for an accelerator to torch's for a device."""

_MIXED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def choose_device(trainer: TrainerConfig) -> torch.device:
    """Return the device that one process computes on.

    >>> choose_device(TrainerConfig(accelerator="cpu"))
    device(type='cpu')
    """
    return torch.device(_DEVICES[trainer.accelerator])


def run_on(trainer: TrainerConfig, device_type: str) -> TrainerConfig:
    """Return how a trained counter runs in one process, whatever it was trained on.

    Args:
        trainer: It was trained with.
        device_type: torch's word for what it runs on.

    >>> run_on(TrainerConfig(accelerator="gpu", devices=8, precision="16-mixed"), "cpu").precision
    '32-true'
    """
    is_gpu = device_type == "cuda"
    precision = trainer.precision
    if precision == "16-mixed" and not is_gpu:
        precision = "32-true"  # which a CPU computes faster, and at least as exactly
    accelerator = "gpu" if is_gpu else "cpu"
    return replace(trainer, accelerator=accelerator, devices=1, nodes=1, precision=precision)


def autocast(trainer: TrainerConfig) -> torch.autocast:
    """Return the context in which a network computes in the number format that is asked for."""
    device, dtype = choose_device(trainer).type, _MIXED.get(trainer.precision)
    return torch.autocast(device, dtype or torch.bfloat16, enabled=dtype is not None)
