"""Checkpoints that training resumes from: whole files, local and on S3, after and within an epoch."""

from binrecon.training.checkpoints.files import load_counter

__all__ = ["load_counter"]
