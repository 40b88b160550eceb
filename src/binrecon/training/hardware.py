"""What the words of `trainer` mean to torch."""

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


def autocast(trainer: TrainerConfig) -> torch.autocast:
    """Return the context in which a network computes in the number format that is asked for."""
    device, dtype = choose_device(trainer).type, _MIXED.get(trainer.precision)
    return torch.autocast(device, dtype or torch.bfloat16, enabled=dtype is not None)
