"""Number of threads that torch computes with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Let torch compute with so many threads for a while.

    Heads and batches of features are small: threads that wait for one another many times a batch bring little
    on an idle machine, and on a busy one they take several times as long as one.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
