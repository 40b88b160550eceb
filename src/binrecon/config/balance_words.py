"""The words of `data.balance`."""

from typing import Literal, get_args

Balance = Literal["none", "sampler", "weights"]
"""Ways to balance rare and common counts in training; both together would balance twice."""

BALANCE_WORDS: tuple[Balance, ...] = get_args(Balance)
