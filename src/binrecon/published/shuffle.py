"""The shuffle that decided which bins were tested on."""

import random
from collections.abc import Iterable


def shuffle_as_python_2(bin_ids: Iterable[str], seed: int) -> list[str]:
    """Return ids in the order that `random.Random(seed).shuffle` gave them in Python 2.

    From the last place to the second, each place swaps with the place `int(random() * (place + 1))`
    (CPython 2.7, `Lib/random.py`). Python 3's own `shuffle` chooses the other place in another way and may
    change; `random()` draws the same numbers in both, and Python's manual promises that it will go on to.

    Args:
        bin_ids: Ids in an order that matters.
        seed: A whole number of at least 0; Python takes a negative one for its opposite.
    """
    shuffled = list(bin_ids)
    draw = random.Random(seed).random  # noqa: S311  (to be repeated, not to be secret)
    for place in range(len(shuffled) - 1, 0, -1):
        other = int(draw() * (place + 1))
        shuffled[place], shuffled[other] = shuffled[other], shuffled[place]
    return shuffled
