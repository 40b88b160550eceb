"""Values of `data.balance`."""

from typing import Literal, get_args

Balance = Literal["none", "sampler", "weights"]
"""Ways to weight rare counts as much as common ones in training; both at once would do so twice."""

BALANCE_WORDS: tuple[Balance, ...] = get_args(Balance)
