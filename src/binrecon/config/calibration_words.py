"""The words for how a counter is calibrated."""

from typing import Literal, get_args

Method = Literal["none", "temperature", "vector"]
"""One number for all counts, two numbers for each, or what the counter says as it is."""

METHOD_WORDS: tuple[str, ...] = get_args(Method)
