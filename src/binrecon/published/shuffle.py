"""Shuffle of Python 2, which made a published test split."""

import random
from collections.abc import Iterable


def shuffle_as_python_2(bin_ids: Iterable[str], seed: int) -> list[str]:
    """Return ids in the order that `random.Random(seed).shuffle` gave them in Python 2.

    From the last index to the second, each entry is swapped with that at `int(random() * (index + 1))`
    (CPython 2.7, `Lib/random.py`). Python 3's own `shuffle` chooses the other index differently and may
    change; `random()` draws the same numbers in both, and Python's manual promises that it always will.

    Args:
        bin_ids: Ids in an order that matters.
        seed: A whole number of at least 0; Python takes a negative one for its opposite.
    """
    shuffled = list(bin_ids)
    draw = random.Random(seed).random  # noqa: S311  (to be repeated, not to be secret)
    for index in range(len(shuffled) - 1, 0, -1):
        other = int(draw() * (index + 1))
        shuffled[index], shuffled[other] = shuffled[other], shuffled[index]
    return shuffled
