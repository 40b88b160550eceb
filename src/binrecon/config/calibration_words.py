"""Methods of calibrating a counter."""

from typing import Literal, get_args

Method = Literal["none", "temperature", "vector"]
"""Uncalibrated, one number for all counts, or two numbers for each."""

METHOD_WORDS: tuple[str, ...] = get_args(Method)
