"""The words of `data.balance`."""

from typing import Literal, get_args

Balance = Literal["none", "sampler", "weights"]
"""What makes rare counts matter as much in training as common ones; both ways together would do so twice."""

BALANCE_WORDS: tuple[Balance, ...] = get_args(Balance)
