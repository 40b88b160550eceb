"""What a training goes on from: whole files, here and on S3, after an epoch and within one."""

from binrecon.training.checkpoints.files import load_counter

__all__ = ["load_counter"]
